//! A verified body becomes a mail that arrived.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::SeqAccess;

use super::lenient::{Code, Flag, Lenient, Text, To, object};
use super::webhook::parse;
use crate::event::InboundEvent;
use crate::inbound::InboundMessage;
use crate::webhook::Error;

object! {
    Envelope {
        "data" => data: Data<'de>,
    }
}

object! {
    Data {
        "id" => id: Code<'de>,
        "created_at" => created_at: Text<'de>,
        "raw" => raw: Text<'de>,
        "sender" => sender: Party<'de>,
        "recipients" => recipients: Recipients<'de>,
        "spf_check" => spf: Check<'de>,
        "dkim_check" => dkim: Flag,
    }
}

object! {
    Recipients {
        "rcptTo" => envelope: Parties,
    }
}

object! {
    /// What `+` and other codes mean is not documented; `+` is a pass.
    Check {
        "code" => code: Code<'de>,
    }
}

object! {
    Party {
        "email" => email: Text<'de>,
    }
}

/// The addresses in a list of parties.
#[derive(Debug, Default)]
pub(super) struct Parties(Vec<String>);

impl<'de> Lenient<'de> for Parties {
    fn item<A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<bool, A::Error> {
        let mut party = Party::default();
        let is_item = items.next_element_seed(To(&mut party))?.is_some();
        self.0.extend(party.email.into_owned());
        Ok(is_item)
    }
}

/// Reads a body whose type is known to be `inbound.message`.
///
/// The mail is read from `data.raw`. It is text there: whatever was 8-bit in it has become UTF-8. The members that
/// MailerSend makes of it, attachments in base64 among them, are skipped.
pub(crate) fn read(body: &Bytes) -> Result<InboundEvent, Error> {
    let mut mended = String::new();
    let (Envelope { data, .. }, _) = parse(body, &mut mended)?;
    let raw = data.raw.into_owned().filter(|raw| !raw.is_empty());
    let raw = raw.ok_or(Error::Unreadable(Cow::Borrowed("there is no mail in `data.raw`")))?;
    let mut message = InboundMessage::from_text(raw);
    message.envelope_sender = data.sender.email.into_owned();
    message.envelope_recipients = data.recipients.envelope.0;
    message.spf = data.spf.code.into_owned().or(data.spf.text.into_owned());
    message.dkim = data.dkim.0;
    let mut event = InboundEvent::new(message);
    event.event_id = data.id.into_owned();
    event.timestamp = data.created_at.as_str().and_then(|text| text.parse().ok());
    event.raw = body.clone();
    Ok(event)
}
