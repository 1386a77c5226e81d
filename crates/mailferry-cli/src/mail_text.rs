//! A mail that arrived, for people.

use std::io;

use mailferry::InboundMessage;
use mailferry::inbound::Mailbox;

use crate::event_text::field;
use crate::output::{Output, printable};

/// Who, to whom, about what, with which files, and the text.
pub(crate) fn print(message: &InboundMessage, output: &mut Output) -> io::Result<()> {
    let all = |mailboxes: Vec<Mailbox>| mailboxes.iter().map(named).collect::<Vec<_>>().join(", ");
    let sender = message.envelope_sender.as_ref().map(|sender| match sender.as_str() {
        "" => "(nobody: a bounce)".to_owned(),
        sender => sender.to_owned(),
    });
    for (name, value) in [
        ("from", Some(all(message.from_all()))),
        ("to", Some(all(message.to()))),
        ("cc", Some(all(message.cc()))),
        ("reply to", Some(all(message.reply_to()))),
        ("subject", message.subject()),
        ("date", message.date().map(|at| at.to_string())),
        ("sent by", sender),
        ("sent to", Some(message.envelope_recipients.join(", "))),
    ] {
        field(name, value.as_deref(), output)?;
    }
    for part in message.parts().filter(|part| part.is_attachment() || part.is_inline()) {
        let name = part.file_name().unwrap_or_else(|| "(no name)".to_owned());
        let text = format!("{name} ({}, {})", part.content_type(), size(part.bytes().len() as u64));
        field(if part.is_inline() { "inline" } else { "attachment" }, Some(&text), output)?;
    }
    for problem in message.problems() {
        field("problem", Some(&problem.to_string()), output)?;
    }
    match (message.text(), message.html()) {
        (Some(text), _) => {
            output.line("")?;
            output.line(printable(text.replace("\r\n", "\n").trim_end()))
        }
        (None, Some(html)) => field("text", Some(&format!("(HTML only, {})", size(html.len() as u64))), output),
        (None, None) => Ok(()),
    }
}

fn named(mailbox: &Mailbox) -> String {
    let Mailbox { name, email, .. } = mailbox;
    match name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} <{email}>"),
        None => email.clone(),
    }
}

/// Bytes in the unit that makes them short.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match UNITS.iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => {
            let tenths = (u128::from(bytes) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1 << 20, "1.0 MiB"),
            (5 << 29, "2.5 GiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
