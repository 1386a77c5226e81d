//! `mailferry webhook sign`, `verify` and `parse`: one request, by hand.

use std::ffi::OsStr;

use http::{HeaderMap, HeaderValue};
use mailferry::mailersend::{Inbound, Webhook};
use mailferry::transport::{Error, ErrorKind};
use mailferry::webhook::{self, Receiver};
use serde_json::json;

use super::args::{BodyArgs, EndpointName, SignArgs, VerifyArgs};
use crate::args::{Global, SettingArgs};
use crate::config;
use crate::event_text;
use crate::exit::Exit;
use crate::output::{Failure, OK, Output};
use crate::source;

/// The receiver that the settings describe.
enum Known {
    Tracking(Webhook),
    Inbound(Inbound),
}

impl Known {
    fn load(global: &Global, name: EndpointName) -> Result<Self, Error> {
        let settings = config::load(global, &SettingArgs::default())?.settings;
        let found = match name {
            EndpointName::Tracking => settings.webhook()?.map(Self::Tracking),
            EndpointName::Inbound => settings.inbound()?.map(Self::Inbound),
        };
        found.ok_or_else(|| {
            let text = format!("{} is not set, so there is nothing to sign or verify with", secret(name));
            Error::new(ErrorKind::Config, text)
                .with_remedy("set it to the secret that MailerSend shows; `mailferry config` says where")
        })
    }

    fn receiver(&self) -> &dyn Receiver {
        match self {
            Self::Tracking(webhook) => webhook,
            Self::Inbound(inbound) => inbound,
        }
    }

    fn sign(&self, body: &[u8]) -> String {
        match self {
            Self::Tracking(webhook) => webhook.sign(body),
            Self::Inbound(inbound) => inbound.sign(body),
        }
    }

    fn read(&self, args: &BodyArgs) -> Result<Vec<u8>, Error> {
        source::read(&args.file, "a body for this endpoint", self.receiver().body_limit())
    }
}

fn secret(name: EndpointName) -> &'static str {
    match name {
        EndpointName::Tracking => "MAILERSEND_SIGNING_SECRET",
        EndpointName::Inbound => "MAILERSEND_INBOUND_SECRET",
    }
}

/// `mailferry webhook sign`
pub(super) fn sign(global: &Global, args: &SignArgs, output: &mut Output) -> Result<Exit, Failure> {
    let known = Known::load(global, args.body.endpoint)?;
    let signature = known.sign(&known.read(&args.body)?);
    if output.json {
        output.object(&json!({ "signature": signature }))?;
    } else {
        output.line(signature)?;
    }
    Ok(Exit::Done)
}

/// `mailferry webhook verify`
pub(super) fn verify(global: &Global, args: &VerifyArgs, output: &mut Output) -> Result<Exit, Failure> {
    let known = Known::load(global, args.body.endpoint)?;
    let body = known.read(&args.body)?;
    let received = known.receiver().receive(&headers(args.signature.as_deref()), &body);
    if let Err(error @ (webhook::Error::Unsigned | webhook::Error::WrongSignature(_))) = received {
        return Err(explained(&error, args).into());
    }
    // Whether it can be read is another question.
    if output.json {
        output.object(&json!({ "valid": true }))?;
    } else {
        let setting = secret(args.body.endpoint);
        output.line(format_args!("{OK}the signature is right{OK:#}: made with {setting}"))?;
    }
    Ok(Exit::Done)
}

/// `mailferry webhook parse`
pub(super) fn parse(global: &Global, args: &VerifyArgs, output: &mut Output) -> Result<Exit, Failure> {
    let known = Known::load(global, args.body.endpoint)?;
    let body = known.read(&args.body)?;
    let received = known.receiver().receive(&headers(args.signature.as_deref()), &body);
    let events = received.map_err(|error| explained(&error, args))?;
    if events.is_empty() {
        output.say("a ping, which MailerSend sends before it keeps a webhook: no event");
    }
    for event in &events {
        if output.json { output.object(&event.to_json())? } else { event_text::details(event, output)? }
    }
    Ok(Exit::Done)
}

/// The headers of the request.
fn headers(signature: Option<&OsStr>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        // What no header can hold is no signature either.
        let value = HeaderValue::from_bytes(signature.as_encoded_bytes());
        headers.insert("signature", value.unwrap_or(HeaderValue::from_static("")));
    }
    headers
}

/// Why a body was not taken, as an error of the command.
fn explained(error: &webhook::Error, args: &VerifyArgs) -> Error {
    let other = match args.body.endpoint {
        EndpointName::Tracking => "inbound",
        EndpointName::Inbound => "tracking",
    };
    let place = source::name(&args.body.file);
    match error {
        webhook::Error::Unsigned => Error::new(ErrorKind::Unauthorized, "there is no signature")
            .with_remedy("give the value of the request's header Signature: --signature HEX"),
        webhook::Error::WrongSignature(setting) => {
            let text = format!("the signature of {place} is wrong");
            let remedy = format!(
                "check {setting} and --endpoint; the body has to be byte by byte as it came, and the signature 64 \
                 lower-case hexadecimal digits"
            );
            Error::new(ErrorKind::Unauthorized, text).with_remedy(remedy)
        }
        webhook::Error::WrongEndpoint(why) => Error::new(ErrorKind::Config, format!("{place}: {why}"))
            .with_remedy(format!("if this is where it came in, change the URL at MailerSend; else --endpoint {other}")),
        webhook::Error::Unreadable(why) => source::unreadable(format!("{place}: signed, but it cannot be read: {why}"))
            .with_remedy("MailerSend sends none such; see what it is, and who else knows the secret"),
        other => source::unreadable(format!("{place}: {other}")),
    }
}
