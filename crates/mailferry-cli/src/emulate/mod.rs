//! `mailferry emulate`: MailerSend's API on this machine.

mod account;
mod announce;
pub(crate) mod args;
#[cfg(test)]
mod containers;
mod faults;
mod keeping;
mod probe;
mod submission;
mod templates;
mod token;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use mailferry::transport::{Error, ErrorKind};
use mailferry::{InvalidAddress, Mailbox};
use mailferry_emulator::{
    Builder, DataError, Emulator, InboundRoute, Outcome, RateLimits, RegisteredWebhook, RouteKey, SuppressionList,
    Webhook, WebhookVersion,
};
use tokio::net::TcpListener;

use crate::exit::Exit;
use crate::log;
use crate::output::{Failure, Output, io_text};
use crate::signals::Signals;

use announce::Ready;
use args::{EmulateArgs, Limits};

/// What is posted where.
struct Posts {
    webhooks: Vec<RegisteredWebhook>,
    routes: Vec<RouteKey>,
}

/// Runs until it is told to end.
pub(crate) async fn run(args: EmulateArgs, output: &mut Output) -> Result<Exit, Failure> {
    if let Some(url) = &args.check {
        return probe::run(url, output).await;
    }
    if args.print_openapi {
        output.line(mailferry_emulator::openapi())?;
        return Ok(Exit::Done);
    }
    log::start_serving(output.colors_errors())?;
    let address = allowed(address(&args.listen)?, &args)?;
    let smtp = args.events.smtp.as_deref().map(|text| allowed(self::address(text)?, &args)).transpose()?;
    let sending = args.sending.submission.as_deref();
    let sending = sending.map(|text| allowed(self::address(text)?, &args)).transpose()?;
    let suppressed: Vec<Mailbox> = args.suppress.iter().map(|text| suppressed(text)).collect::<Result<_, _>>()?;
    let tokens = token::given(&args)?;
    if [Some(address), smtp, sending].into_iter().flatten().any(|address| !address.ip().is_loopback()) {
        token::require(&tokens, &args)?;
    }
    let builder = token::set_up(args.sending.apply(builder(&args)?, sending)?, &tokens, &args);
    let mut signals = Signals::new()?;
    let emulator = start(builder, address, smtp, sending, &args).await?;
    args.account.started(&emulator);
    for mailbox in suppressed {
        emulator.suppress(SuppressionList::HardBounces, mailbox.address().to_ascii());
    }
    let whole = (Some(emulator.address()), ", and read what was sent, with the token");
    let reachable =
        [whole, (emulator.smtp_address(), ", as anybody"), (emulator.submission_address(), ", with a login")];
    for (exposed, who) in reachable.into_iter().filter_map(|(address, who)| Some((address?, who))) {
        if exposed.ip().is_loopback() {
            continue;
        }
        output.warning(format_args!("other machines can send to {exposed}{who}"));
    }
    let posts = Posts { webhooks: emulator.webhooks(), routes: emulator.inbound_routes() };
    if output.json {
        output.object(&Ready::new(&emulator, &posts, &args))?;
    } else {
        announce::announce(&emulator, &posts, &args, output)?;
    }
    signals.next().await;
    tokio::select! {
        () = emulator.shutdown() => Ok(Exit::Done),
        () = signals.next() => {
            output.warning("ended at once: answers under way are cut off, and the last changes may not be kept");
            Ok(Exit::Other)
        }
    }
}

/// An address that other machines can reach has to be meant.
fn allowed(address: SocketAddr, args: &EmulateArgs) -> Result<SocketAddr, Error> {
    if address.ip().is_loopback() || args.allow_remote {
        return Ok(address);
    }
    let text = format!("at {address} other machines could send to the emulator");
    let remedy = "listen at 127.0.0.1, or say that this is meant: --allow-remote";
    Err(Error::new(ErrorKind::Config, text).with_remedy(remedy))
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

/// The emulator as the flags describe it.
fn builder(args: &EmulateArgs) -> Result<Builder, Error> {
    let EmulateArgs { events, .. } = args;
    let mut builder = Emulator::builder().bulk_delay(Duration::from_millis(args.bulk_delay));
    builder = args.account.set_up(builder, Duration::from_millis(events.delivery_delay));
    match args.limits {
        Some(Limits::Documented) => builder = builder.rate_limits(RateLimits::documented()),
        Some(Limits::None) => builder = builder.rate_limits(RateLimits::unlimited()),
        None => {}
    }
    if let Some(quota) = args.quota {
        builder = builder.daily_quota(quota);
    }
    if !args.domain.is_empty() {
        builder = builder.verified_domains(&args.domain);
    }
    for domain in &args.pause_domain {
        builder = builder.paused_domain(domain);
    }
    if let Some(seed) = args.seed {
        builder = builder.seed(seed);
    }
    if !events.pause_webhooks {
        // Whoever is still writing the receiver would have to enable it again and again.
        builder = builder.webhook_pausing(None);
    }
    for text in &events.outcome {
        let (pattern, outcome) = outcome(text)?;
        builder = builder.outcome(pattern, outcome);
    }
    builder = args.templates.apply(builder)?;
    let version = if events.webhook_version == 1 { WebhookVersion::V1 } else { WebhookVersion::V2 };
    for url in &events.webhook {
        builder = builder.webhook(Webhook::new(postable(url, "--webhook")?).version(version));
    }
    for url in &events.inbound_route {
        let route = InboundRoute::to(postable(url, "--inbound-route")?);
        builder = builder.inbound_route(match &events.inbound_domain {
            Some(domain) => route.domain(domain),
            None => route,
        });
    }
    Ok(args.keeping.set_up(args.faults.set_up(builder)))
}

async fn start(
    builder: Builder,
    address: SocketAddr,
    smtp: Option<SocketAddr>,
    sending: Option<SocketAddr>,
    args: &EmulateArgs,
) -> Result<Emulator, Error> {
    let refused = |cause, address, flag| unusable(cause, address, flag, args);
    let listener = TcpListener::bind(address).await.map_err(|cause| refused(cause, address, "--listen"))?;
    let builder = match smtp {
        Some(smtp) => builder.smtp(smtp),
        None => builder,
    };
    builder.serve(listener).await.map_err(|cause| {
        // The first address is bound by now; the others can be tried again.
        let taken = |(address, _): &(SocketAddr, _)| std::net::TcpListener::bind(address).is_err();
        let others = [(smtp, "--smtp"), (sending, "--submission")];
        let mut others = others.into_iter().filter_map(|(address, flag)| Some((address?, flag)));
        let (address, flag) = others.find(taken).unwrap_or((address, "--listen"));
        refused(cause, address, flag)
    })
}

/// Why there is no emulator at an address.
fn unusable(cause: io::Error, address: SocketAddr, flag: &str, args: &EmulateArgs) -> Error {
    if let Some(error) = cause.get_ref().and_then(|inner| inner.downcast_ref::<DataError>()) {
        return Error::new(ErrorKind::Config, format!("--data: {error}")).with_remedy(error.remedy());
    }
    let text = match cause.kind() {
        io::ErrorKind::InvalidInput => io_text(&cause),
        _ => format!("the emulator cannot listen at {address}: {}", io_text(&cause)),
    };
    let remedy = match cause.kind() {
        io::ErrorKind::AddrInUse => format!("end what listens there, or take a free port: {flag} 127.0.0.1:0"),
        io::ErrorKind::PermissionDenied => format!("take a port above 1023: {flag} 127.0.0.1:2580"),
        io::ErrorKind::InvalidInput if text.contains("STARTTLS") => {
            "give two PEM files: --submission-tls certificate.pem key.pem".to_owned()
        }
        io::ErrorKind::InvalidInput if args.any_token => "give --token in place of --any-token".to_owned(),
        io::ErrorKind::InvalidInput => "give a token that can be sent in a header: --token mlsn.test".to_owned(),
        _ => format!("check {flag}"),
    };
    Error::new(ErrorKind::Config, text).with_remedy(remedy).caused_by(cause)
}

fn suppressed(text: &str) -> Result<Mailbox, Error> {
    text.parse().map_err(|cause: InvalidAddress| {
        Error::new(ErrorKind::Config, format!("--suppress: {cause}")).with_remedy("give an address: ann@example.com")
    })
}

/// A URL that something can be posted to.
fn postable<'a>(text: &'a str, flag: &str) -> Result<&'a str, Error> {
    let uri: Option<http::Uri> = text.parse().ok();
    let fits = |uri: &http::Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if uri.as_ref().is_some_and(fits) {
        return Ok(text);
    }
    Err(Error::new(ErrorKind::Config, format!("{flag}: {text:?} is not a URL to post to"))
        .with_remedy("give one with http:// or https://, such as http://127.0.0.1:8000/mailersend/tracking"))
}

/// The outcomes by their words, which are MailerSend's.
const OUTCOMES: [(&str, Outcome); 8] = [
    ("delivered", Outcome::Delivered),
    ("soft_bounced", Outcome::SoftBounced),
    ("hard_bounced", Outcome::HardBounced),
    ("deferred", Outcome::Deferred),
    ("opened", Outcome::Opened),
    ("clicked", Outcome::Clicked),
    ("unsubscribed", Outcome::Unsubscribed),
    ("spam_complaint", Outcome::SpamComplaint),
];

/// `PATTERN=OUTCOME`. A local part may have `=`, an outcome has none.
fn outcome(text: &str) -> Result<(&str, Outcome), Error> {
    let found = text.rsplit_once('=').filter(|(pattern, _)| !pattern.is_empty()).and_then(|(pattern, word)| {
        let word = word.replace('-', "_");
        let known = OUTCOMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&word));
        known.map(|(_, outcome)| (pattern, *outcome))
    });
    found.ok_or_else(|| {
        let words: Vec<_> = OUTCOMES.iter().map(|(word, _)| *word).collect();
        Error::new(ErrorKind::Config, format!("--outcome: {text:?} is not a pattern and an outcome"))
            .with_remedy(format!("give '*@gone.example=hard_bounced'; outcomes are {}", words.join(", ")))
    })
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

    #[test]
    fn outcomes_are_read_with_any_pattern() {
        assert_eq!(outcome("*@gone.example=hard_bounced").unwrap(), ("*@gone.example", Outcome::HardBounced));
        assert_eq!(outcome("a=b@c.example=Soft-Bounced").unwrap(), ("a=b@c.example", Outcome::SoftBounced));
        for text in ["", "=", "ann@example.com", "ann@example.com=", "=opened", "ann@example.com=gone"] {
            assert!(outcome(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_urls_are_posted_to() {
        for text in ["http://127.0.0.1:8000/x", "https://shop.example/mailersend/tracking", "http://[::1]:1/"] {
            assert!(postable(text, "--webhook").is_ok(), "{text}");
        }
        for text in ["", "/x", "shop.example", "ftp://shop.example/", "http://", "http:///x", "http://a b/"] {
            assert!(postable(text, "--webhook").is_err(), "{text:?}");
        }
    }
}
