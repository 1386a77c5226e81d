//! The headers that one reader's mail has, without those of its parts.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::message::Mailbox;
use crate::rules::is_true;
use crate::service::{StoredEmail, StoredMessage};

/// One header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Content<'a>,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    People(&'a [Mailbox]),
    Words(String),
}

/// The headers of the mail that `email`'s reader gets. Who gets a hidden copy is in nobody's.
pub(crate) fn headers<'a>(stored: &'a StoredMessage, email: &'a StoredEmail) -> Vec<Header<'a>> {
    let message = &stored.message;
    let field = |name: &str| message.request.get(name).filter(|value| !value.is_null());
    let text = |name: &str| field(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let references = field("references").and_then(Value::as_array).map(|list| {
        let ids = list.iter().filter_map(Value::as_str).map(in_brackets);
        ids.collect::<Vec<_>>().join(" ")
    });
    let precedence = field("precedence_bulk").is_some_and(is_true).then(|| "bulk".to_owned());
    // What the delivered email's Message-ID was (facts sheet 9.1, recorded).
    let id = format!("<{}@mailersend.net>", email.id);
    let mut headers = Vec::new();
    let mut people = |name, people: &'a [Mailbox]| {
        if !people.is_empty() {
            headers.push(Header { name, value: Content::People(people) });
        }
    };
    people("From", message.from.as_slice());
    people("To", &message.to);
    people("Cc", &message.cc);
    people("Reply-To", message.reply_to.as_slice());
    let words = [
        ("Subject", Some(email.rendered.subject.to_string())),
        ("Date", Some(date(message.send_at.unwrap_or(message.created_at)))),
        ("Message-ID", Some(id)),
        ("In-Reply-To", text("in_reply_to").as_deref().map(in_brackets)),
        ("References", references.filter(|ids| !ids.is_empty())),
        ("List-Unsubscribe", text("list_unsubscribe")),
        ("Precedence", precedence),
    ];
    let words = words.into_iter().filter_map(|(name, words)| Some((name, words?)));
    let own = message.headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
    headers.extend(words.chain(own).map(|(name, words)| Header { name, value: Content::Words(words) }));
    headers
}

impl Header<'_> {
    /// The header's value as people read it.
    pub(crate) fn text(&self) -> String {
        match &self.value {
            Content::Words(words) => words.clone(),
            Content::People(people) => {
                let person = |person: &Mailbox| match &person.name {
                    Some(name) => format!("{name} <{}>", person.email),
                    None => person.email.clone(),
                };
                people.iter().map(person).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// Message ids are sent without brackets (facts sheet 3.1).
fn in_brackets(id: &str) -> String {
    let id = id.trim();
    if id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}

/// A time as mail writes it (RFC 5322, 3.3).
pub(crate) fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
