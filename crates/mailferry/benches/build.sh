#!/usr/bin/env bash
# What the library costs an application to build: crates added, and a cold debug build beside lettre's.
# Needs the package registry. Prints; compares nothing.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# app NAME DEPENDENCIES MAIN: an application of its own, outside this workspace.
app() {
    mkdir -p "$work/$1/src"
    printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n%s\n' "$1" "$2" \
        >"$work/$1/Cargo.toml"
    printf '%s\n' "$3" >"$work/$1/src/main.rs"
    cp "$here/../../Cargo.lock" "$work/$1/Cargo.lock"
}

# crates NAME: how many other crates are compiled for it on this machine.
crates() {
    (cd "$work/$1" && cargo tree --edges normal,build --prefix none 2>/dev/null |
        awk 'NF {print $1, $2}' | sort -u | tail -n +1 | grep -vc "^$1 ")
}

# build NAME: seconds of a cold debug build, by the clock and of the processor.
build() {
    local TIMEFORMAT='%R s by the clock, %U s + %S s of processor'
    (cd "$work/$1" && cargo fetch --quiet &&
        time CARGO_TARGET_DIR="$work/$1/target" cargo build --quiet)
}

tokio='tokio = { version = "1", default-features = false, features = ["macros", "rt"] }'
app reqwest-app "reqwest = { version = \"0.13\", default-features = false, features = [\"rustls-no-provider\", \"http2\"] }
rustls = { version = \"0.23\", default-features = false, features = [\"ring\", \"std\", \"tls12\"] }
$tokio" '#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new().post("https://api.mailersend.com/v1/email").body("{}").send().await.map(drop)
}'
app mailferry-app "mailferry = { path = \"$here\" }
$tokio" 'use mailferry::{MailerSend, Message, Transport};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let message = Message::builder().from("a@shop.example").to("ann@example.com").subject("Hi").text("Hello").build()?;
    println!("{}", MailerSend::from_env()?.send(&message).await?);
    Ok(())
}'
app lettre-app "lettre = { version = \"0.11\", default-features = false, features = [\"builder\", \"smtp-transport\", \"tokio1\", \"tokio1-rustls\", \"ring\", \"rustls-platform-verifier\"] }
$tokio" 'use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let message = Message::builder()
        .from("a@shop.example".parse()?)
        .to("ann@example.com".parse()?)
        .subject("Hi")
        .body("Hello".to_owned())?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::relay("smtp.example.com")?.build();
    transport.send(message).await?;
    Ok(())
}'

bare=$(crates reqwest-app)
ours=$(crates mailferry-app)
echo "crates of an application with one send, without its own:"
echo "  reqwest with TLS   $bare"
echo "  mailferry          $ours   ($((ours - bare)) more; at most 40)"
echo "  lettre (SMTP, TLS) $(crates lettre-app)"
echo
echo "cold debug build:"
for name in mailferry-app lettre-app reqwest-app; do
    printf '  %-14s ' "$name"
    build "$name" 2>&1 | tail -n 1
done
