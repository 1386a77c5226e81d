# Everything that has to pass.
ci:
    .ci/run

test:
    cargo test --workspace --all-features

lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets --all-features -- --deny warnings

docs:
    RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --all-features --no-deps

bench:
    cargo bench -p mailferry --bench send
    cargo bench -p mailferry --features inbound --bench inbound
    crates/mailferry/benches/build.sh

demo:
    cargo run -- demo

emulate:
    cargo run -- emulate
