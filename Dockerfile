# The command, which is the emulator when nothing else is said: MailerSend's API and a mailbox page on port 2580.
#
#   docker build -t mailferry .
#   docker run --rm -p 127.0.0.1:2580:2580 -e MAILFERRY_EMULATOR_TOKEN=mlsn.choose-one mailferry
#
# The build and what runs are of the same Debian release: the command needs its C library and nothing else.

FROM rust:1.95-slim-bookworm AS build
# A C compiler, for SQLite and ring.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package mailferry-cli \
    && cp target/release/mailferry /usr/local/bin/mailferry

FROM debian:bookworm-slim
# For webhooks that are posted to HTTPS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin mailferry \
    && install --directory --owner=mailferry --group=mailferry --mode=0700 /data
COPY --from=build /usr/local/bin/mailferry /usr/local/bin/mailferry
USER mailferry
VOLUME /data
# HTTP, and SMTP when it is asked for with --smtp 0.0.0.0:2525.
EXPOSE 2580 2525
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 \
    CMD ["mailferry", "emulate", "--check", "http://127.0.0.1:2580"]
ENTRYPOINT ["mailferry"]
# Inside of a container every address but its own is another machine: hence the token, which has to be given.
CMD ["emulate", "--listen", "0.0.0.0:2580", "--allow-remote", "--data", "/data/mails.db"]
