//! A message from flags.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use mailferry::message::{Attachment, Message, MessageBuilder, SendAt};
use mailferry::transport::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::args::MessageArgs;
use crate::output::io_text;

/// Makes the message that the flags describe.
///
/// # Errors
///
/// A flag that is not in its form, or a file that cannot be read; inside, the message's own mistakes.
pub(crate) fn from_flags(args: MessageArgs) -> Result<Result<Message, Error>, Error> {
    let MessageArgs {
        from,
        to,
        cc,
        bcc,
        reply_to,
        subject,
        text,
        text_file,
        html,
        html_file,
        header,
        attach,
        inline,
        send_at,
        tag,
        metadata,
        track_opens,
        track_clicks,
        template,
        merge,
        merge_global,
        esp_extra,
        envelope_sender,
    } = args;
    let mut flags = Flags(Message::builder());
    flags.one(from, MessageBuilder::from);
    flags.each(to, MessageBuilder::to);
    flags.each(cc, MessageBuilder::cc);
    flags.each(bcc, MessageBuilder::bcc);
    flags.each(reply_to, MessageBuilder::reply_to);
    flags.one(envelope_sender, MessageBuilder::envelope_sender);
    flags.one(subject, MessageBuilder::subject);
    flags.one(text.map_or_else(|| content(text_file), |text| Ok(Some(text)))?, MessageBuilder::text);
    flags.one(html.map_or_else(|| content(html_file), |html| Ok(Some(html)))?, MessageBuilder::html);
    flags.each(pairs("--header", header, ':', "'Name: value'")?, |builder, (name, value)| {
        builder.header(name, value.trim_start())
    });
    flags.each(attach, |builder, path| builder.attach(Attachment::file(path)));
    flags.each(inline, |builder, text| builder.attach(inline_part(&text)));
    flags.one(send_at, |builder, text| match text.parse().ok().and_then(SendAt::unix) {
        Some(seconds) => builder.send_at(seconds),
        None => builder.send_at_text(&text),
    });
    flags.each(tag, MessageBuilder::tag);
    flags.each(pairs("--metadata", metadata, '=', "KEY=VALUE")?, |builder, (key, value)| builder.metadata(key, value));
    flags.one(track_opens, MessageBuilder::track_opens);
    flags.one(track_clicks, MessageBuilder::track_clicks);
    flags.one(template, MessageBuilder::template_id);
    flags.each(merge_values(merge)?, |builder, (address, key, value)| builder.merge_data(address, key, value));
    flags.each(pairs("--merge-global", merge_global, '=', "KEY=VALUE")?, |builder, (key, value)| {
        builder.merge_global_data(key, value)
    });
    flags.each(extras(esp_extra)?, |builder, (key, value)| builder.esp_extra(key, value));
    Ok(flags.0.build().map_err(Error::from))
}

struct Flags(MessageBuilder);

impl Flags {
    fn one<T>(&mut self, value: Option<T>, set: impl Fn(MessageBuilder, T) -> MessageBuilder) {
        self.each(value, set);
    }

    fn each<T>(&mut self, values: impl IntoIterator<Item = T>, set: impl Fn(MessageBuilder, T) -> MessageBuilder) {
        for value in values {
            self.0 = set(std::mem::take(&mut self.0), value);
        }
    }
}

fn usage(text: impl Into<String>, remedy: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, text).with_remedy(remedy)
}

/// The text of a file, or of standard input.
fn content(path: Option<PathBuf>) -> Result<Option<String>, Error> {
    let Some(path) = path else { return Ok(None) };
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(&path)
    };
    text.map(Some).map_err(|cause| {
        let text = format!("{} cannot be read: {}", name(&path), io_text(&cause));
        Error::new(ErrorKind::InvalidMessage, text).with_remedy("give a file with text in UTF-8").caused_by(cause)
    })
}

fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// `KEY=VALUE`, or another sign between the two.
fn pairs(flag: &str, texts: Vec<String>, sign: char, form: &str) -> Result<Vec<(String, String)>, Error> {
    let pair = |text: String| match text.split_once(sign) {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(usage(format!("{flag} {text:?} has no `{sign}` after a name"), format!("write {flag} {form}"))),
    };
    texts.into_iter().map(pair).collect()
}

/// `ADDRESS:KEY=VALUE`. An address may have a colon in its domain literal and `=` in its local part.
fn merge_values(texts: Vec<String>) -> Result<Vec<(String, String, String)>, Error> {
    let value = |text: String| {
        let domain = text.find('@').map_or(0, |at| at + 1);
        let literal = if text[domain..].starts_with('[') { text[domain..].find(']').unwrap_or(0) } else { 0 };
        let colon = text[domain + literal..].find(':').map(|colon| domain + literal + colon);
        let parts = colon.and_then(|colon| Some((&text[..colon], text[colon + 1..].split_once('=')?)));
        match parts {
            Some((address, (key, value))) if !address.is_empty() && !key.is_empty() => {
                Ok((address.to_owned(), key.to_owned(), value.to_owned()))
            }
            _ => Err(usage(
                format!("--merge {text:?} is not an address, a name and a value"),
                "write --merge 'ann@example.com:name=Ann'",
            )),
        }
    };
    texts.into_iter().map(value).collect()
}

/// The members of a JSON object, of which none may be a token: everyone on a machine can read the flags of a command.
fn extras(json: Option<String>) -> Result<Map<String, Value>, Error> {
    let Some(json) = json else { return Ok(Map::new()) };
    let members: Map<String, Value> = serde_json::from_str(&json).map_err(|cause| {
        // Its own words would quote what may be a secret.
        let place = cause.column();
        usage(format!("--esp-extra is not a JSON object (column {place})"), "write --esp-extra '{\"…\": …}'")
    })?;
    if members.contains_key("api_token") || members.contains_key("api-token") {
        let remedy = "set MAILERSEND_API_TOKEN in the environment or the settings file, or put it into a message file";
        return Err(usage("--esp-extra holds a token, and everyone on this machine can read flags", remedy));
    }
    Ok(members)
}

/// `FILE` or `FILE=CONTENT-ID`.
fn inline_part(text: &str) -> Attachment {
    match text.rsplit_once('=') {
        Some((path, id)) if !id.is_empty() && !Path::new(text).exists() => Attachment::file(path).with_content_id(id),
        _ => {
            let attachment = Attachment::file(text);
            let id = attachment.filename().map(str::to_owned);
            match id {
                Some(id) => attachment.with_content_id(id),
                None => attachment.inline(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_values_are_taken_apart() {
        for (text, expected) in [
            ("ann@example.com:name=Ann", Some(("ann@example.com", "name", "Ann"))),
            ("ann@example.com:url=https://x.example/?a=b", Some(("ann@example.com", "url", "https://x.example/?a=b"))),
            ("b=c@example.com:name=", Some(("b=c@example.com", "name", ""))),
            ("ann@[IPv6:::1]:name=Ann", Some(("ann@[IPv6:::1]", "name", "Ann"))),
            ("ann@example.com", None),
            ("ann@example.com:name", None),
            ("ann@[IPv6", None),
            (":a=b", None),
            ("", None),
        ] {
            let parsed = merge_values(vec![text.to_owned()]).ok().and_then(|mut all| all.pop());
            let expected = expected.map(|(a, k, v)| (a.to_owned(), k.to_owned(), v.to_owned()));
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn an_inline_part_has_the_id_given_or_its_name() {
        for (text, id) in [("pictures/logo.png", "logo.png"), ("pictures/logo.png=logo", "logo")] {
            let part = inline_part(text);
            assert_eq!((part.content_id(), part.filename()), (Some(id), Some("logo.png")), "{text}");
        }
    }
}
