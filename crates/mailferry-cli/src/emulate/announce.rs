//! What `mailferry emulate` says when it is ready.

use std::io;

use mailferry_emulator::{Emulator, RegisteredWebhook, RouteKey, WebhookVersion};
use serde::Serialize;

use super::Posts;
use super::args::EmulateArgs;
use crate::output::{HEADING, Output, printable};

/// What a script needs to know.
#[derive(Serialize)]
pub(super) struct Ready<'a> {
    url: &'a str,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    smtp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    webhooks: Vec<ReadyWebhook<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inbound_routes: Vec<ReadyRoute<'a>>,
}

#[derive(Serialize)]
struct ReadyWebhook<'a> {
    id: &'a str,
    url: &'a str,
    version: u8,
    secret: &'a str,
}

#[derive(Serialize)]
struct ReadyRoute<'a> {
    id: &'a str,
    url: &'a str,
    address: &'a str,
    secret: &'a str,
}

impl<'a> Ready<'a> {
    pub(super) fn new(emulator: &'a Emulator, posts: &'a Posts, args: &EmulateArgs) -> Self {
        let Posts { webhooks, routes } = posts;
        let webhook = |webhook: &'a RegisteredWebhook| ReadyWebhook {
            id: webhook.id(),
            url: webhook.url(),
            version: version(webhook),
            secret: webhook.secret(),
        };
        let route = |route: &'a RouteKey| ReadyRoute {
            id: route.id(),
            url: route.url(),
            address: route.address(),
            secret: route.secret(),
        };
        Self {
            url: emulator.url(),
            token: emulator.token(),
            smtp: emulator.smtp_address().map(|address| address.to_string()),
            submission: emulator.submission_address().map(|address| address.to_string()),
            data: args.keeping.data.as_ref().map(|path| path.display().to_string()),
            webhooks: webhooks.iter().map(webhook).collect(),
            inbound_routes: routes.iter().map(route).collect(),
        }
    }
}

/// Says how to try it, in lines that can be pasted.
pub(super) fn announce(emulator: &Emulator, posts: &Posts, args: &EmulateArgs, output: &mut Output) -> io::Result<()> {
    let (url, token) = (emulator.url(), emulator.token());
    let root = url.trim_end_matches("v1/");
    let is_local = emulator.address().ip().is_loopback();
    output.line(format_args!(
        "{HEADING}MailerSend's API, on this machine.{HEADING:#} It delivers no mail. Ctrl-C ends it."
    ))?;
    if let Some(path) = &args.keeping.data {
        output.line(format_args!("Everything is kept in {}", printable(&path.display().to_string())))?;
    }
    output.line("")?;
    output.line("See its mailbox in a browser:")?;
    output.line(format_args!("  {root}"))?;
    output.line("")?;
    output.line("Let a program send to it:")?;
    output.line(format_args!("  export MAILERSEND_API_URL={url}"))?;
    output.line(format_args!("  export MAILERSEND_API_TOKEN={token}"))?;
    output.line("")?;
    output.line("Or send by hand:")?;
    output.line(format_args!("  curl -i {url}email \\"))?;
    authorize(output, " \\")?;
    output.line("    -H 'Content-Type: application/json' \\")?;
    output.line("    -d '{\"from\": {\"email\": \"shop@example.com\"}, \"subject\": \"Hi\",")?;
    output.line("         \"to\": [{\"email\": \"ann@example.com\"}], \"text\": \"Hello\"}'")?;
    output.line("")?;
    if let Some(relay) = emulator.submission_address() {
        output.line("Or send by SMTP, with any name and password unless users were given:")?;
        output.line(format_args!("  curl smtp://{relay} -T mail.eml --user any:login \\"))?;
        output.line("    --mail-from shop@example.com --mail-rcpt ann@example.com")?;
        output.line("")?;
    }
    told(posts, output)?;
    arriving(emulator, posts, output)?;
    output.line("Or ask what was sent, and what became of it:")?;
    for what in ["emails", "activities"] {
        if is_local {
            output.line(format_args!("  curl {root}_emulator/{what}"))?;
        } else {
            output.line(format_args!("  curl {root}_emulator/{what} \\"))?;
            authorize(output, "")?;
        }
    }
    Ok(())
}

fn authorize(output: &mut Output, end: &str) -> io::Result<()> {
    output.line(format_args!("    -H \"Authorization: Bearer $MAILERSEND_API_TOKEN\"{end}"))
}

fn version(webhook: &RegisteredWebhook) -> u8 {
    match webhook.version() {
        WebhookVersion::V1 => 1,
        WebhookVersion::V2 => 2,
    }
}

/// Who is told what becomes of mails.
fn told(posts: &Posts, output: &mut Output) -> io::Result<()> {
    let Posts { webhooks, routes: _ } = posts;
    for (number, its) in [1, 2].map(|number| (number, webhooks.iter().filter(move |its| version(its) == number))) {
        let urls: Vec<_> = its.map(|webhook| printable(webhook.url())).collect();
        if !urls.is_empty() {
            output.line(format_args!("What becomes of mails is posted, in version {number}, to:"))?;
            urls.iter().try_for_each(|url| output.line(format_args!("  {url}")))?;
        }
    }
    if webhooks.is_empty() {
        return Ok(());
    }
    output.line("The receiver verifies it with:")?;
    let secrets: Vec<_> = webhooks.iter().map(RegisteredWebhook::secret).collect();
    output.line(format_args!("  export MAILERSEND_SIGNING_SECRET={}", secrets.join(",")))?;
    output.line("Recipients who do more than take it: open@, click@, bounce@, complaint@…")?;
    output.line("")
}

/// How mails can arrive.
fn arriving(emulator: &Emulator, posts: &Posts, output: &mut Output) -> io::Result<()> {
    let Some(first) = posts.routes.first() else {
        if let Some(smtp) = emulator.smtp_address() {
            output.line(format_args!("Mails arrive by SMTP at {smtp}, once somebody adds an inbound route."))?;
            output.line("")?;
        }
        return Ok(());
    };
    for route in &posts.routes {
        output.line(format_args!("Mails to {}", route.address()))?;
        output.line(format_args!("  are posted to {}", printable(route.url())))?;
    }
    output.line("The receiver verifies them with:")?;
    let secrets: Vec<_> = posts.routes.iter().map(RouteKey::secret).collect();
    output.line(format_args!("  export MAILERSEND_INBOUND_SECRET={}", secrets.join(",")))?;
    output.line("Let one arrive:")?;
    let root = emulator.url().trim_end_matches("v1/");
    output.line(format_args!("  curl -i {root}_emulator/inbound \\"))?;
    if !emulator.address().ip().is_loopback() {
        authorize(output, " \\")?;
    }
    output.line("    -H 'Content-Type: application/json' \\")?;
    output.line("    -d '{\"from\": \"Ann <ann@example.com>\", \"subject\": \"Help\", \"text\": \"Hi\",")?;
    output.line(format_args!("         \"to\": \"{}\"}}'", first.address()))?;
    if let Some(smtp) = emulator.smtp_address() {
        output.line(format_args!("  curl smtp://{smtp} -T mail.eml --mail-from ann@example.com \\"))?;
        output.line(format_args!("    --mail-rcpt {}", first.address()))?;
    }
    output.line("")
}
