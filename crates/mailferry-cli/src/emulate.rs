//! `mailferry emulate`: MailerSend's API on this machine.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use mailferry::transport::{Error, ErrorKind};
use mailferry::{InvalidAddress, Mailbox};
use mailferry_emulator::{Emulator, RateLimits, SuppressionList};
use serde::Serialize;

use crate::args::{EmulateArgs, Limits};
use crate::exit::Exit;
use crate::output::{Failure, HEADING, Output, io_text};
use crate::signals::Signals;

/// What a script needs to know.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    token: &'a str,
}

/// Runs until it is told to end.
pub(crate) async fn run(args: EmulateArgs, output: &mut Output) -> Result<Exit, Failure> {
    let address = address(&args.listen)?;
    if !address.ip().is_loopback() && !args.allow_remote {
        let text = format!("at {address} other machines could send to the emulator");
        let remedy = "listen at 127.0.0.1, or say that this is meant: --allow-remote";
        return Err(Error::new(ErrorKind::Config, text).with_remedy(remedy).into());
    }
    let suppressed: Vec<Mailbox> = args.suppress.iter().map(|text| suppressed(text)).collect::<Result<_, _>>()?;
    let mut signals = Signals::new()?;
    let emulator = start(&args, address).await?;
    for mailbox in suppressed {
        emulator.suppress(SuppressionList::HardBounces, mailbox.address().to_ascii());
    }
    if !address.ip().is_loopback() {
        output.warning(format_args!(
            "other machines can send to {}, and read what was sent, with the token",
            emulator.address()
        ));
    }
    if output.json {
        output.object(&Ready { url: emulator.url(), token: emulator.token() })?;
    } else {
        announce(&emulator, output)?;
    }
    signals.next().await;
    emulator.shutdown().await;
    Ok(Exit::Done)
}

/// `127.0.0.1:2580`, `localhost:2580`, `[::1]:2580`, `:2580` or `2580`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Error> {
    let port = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok(([127, 0, 0, 1], port).into());
    }
    let found = text.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("{text:?} is not an address to listen at"))
            .with_remedy("give an address and a port, such as 127.0.0.1:2580")
    })
}

async fn start(args: &EmulateArgs, address: SocketAddr) -> Result<Emulator, Error> {
    let mut builder = Emulator::builder().listen(address).bulk_delay(Duration::from_millis(args.bulk_delay));
    for token in &args.token {
        builder = builder.token(token);
    }
    if args.any_token {
        builder = builder.any_token();
    }
    if let Limits::Documented = args.limits {
        builder = builder.rate_limits(RateLimits::documented());
    }
    if let Some(quota) = args.quota {
        builder = builder.daily_quota(quota);
    }
    let emulator = builder.start().await.map_err(|cause| {
        let text = match cause.kind() {
            io::ErrorKind::InvalidInput => io_text(&cause),
            _ => format!("the emulator cannot listen at {address}: {}", io_text(&cause)),
        };
        let remedy = match cause.kind() {
            io::ErrorKind::AddrInUse => "end what listens there, or take a free port: --listen 127.0.0.1:0",
            io::ErrorKind::PermissionDenied => "take a port above 1023: --listen 127.0.0.1:2580",
            io::ErrorKind::InvalidInput if args.any_token => "give --token in place of --any-token",
            io::ErrorKind::InvalidInput => "give a token that can be sent in a header: --token mlsn.test",
            _ => "check --listen",
        };
        Error::new(ErrorKind::Config, text).with_remedy(remedy).caused_by(cause)
    })?;
    Ok(emulator)
}

fn suppressed(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|cause: InvalidAddress| {
        Error::new(ErrorKind::Config, format!("--suppress: {cause}")).with_remedy("give an address: ann@example.com")
    })
}

fn announce(emulator: &Emulator, output: &mut Output) -> io::Result<()> {
    let (url, token) = (emulator.url(), emulator.token());
    let root = url.trim_end_matches("v1/");
    output.line(format_args!(
        "{HEADING}MailerSend's API, on this machine.{HEADING:#} It delivers no mail. Ctrl-C ends it."
    ))?;
    output.line("")?;
    output.line("Let a program send to it:")?;
    output.line(format_args!("  export MAILERSEND_API_URL={url}"))?;
    output.line(format_args!("  export MAILERSEND_API_TOKEN={token}"))?;
    output.line("")?;
    output.line("Or send by hand:")?;
    output.line(format_args!("  curl -i {url}email \\"))?;
    output.line("    -H \"Authorization: Bearer $MAILERSEND_API_TOKEN\" \\")?;
    output.line("    -H 'Content-Type: application/json' \\")?;
    output.line("    -d '{\"from\": {\"email\": \"shop@example.com\"}, \"subject\": \"Hi\",")?;
    output.line("         \"to\": [{\"email\": \"ann@example.com\"}], \"text\": \"Hello\"}'")?;
    output.line("")?;
    output.line("See what was sent:")?;
    if emulator.address().ip().is_loopback() {
        output.line(format_args!("  curl {root}_emulator/emails"))
    } else {
        output.line(format_args!("  curl {root}_emulator/emails \\"))?;
        output.line("    -H \"Authorization: Bearer $MAILERSEND_API_TOKEN\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_in_short_forms() {
        for text in ["2580", ":2580", "127.0.0.1:2580"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:2580", "{text}");
        }
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for text in ["", "127.0.0.1", "99999", "127.0.0.1:99999", "no port", "\0"] {
            assert!(address(text).is_err(), "{text:?}");
        }
    }
}
