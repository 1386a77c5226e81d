//! The headers that one reader's mail has, without those of its parts.

use serde_json::Value;

use crate::message::Mailbox;
use crate::mime;
use crate::service::{StoredEmail, StoredMessage};

/// One header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    value: Content<'a>,
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content<'a> {
    People(&'a [Mailbox]),
    Words(String),
}

/// The headers of the mail that `email`'s reader gets, with those that the service has `added`. Who gets a hidden copy
/// is in nobody's.
pub(crate) fn headers<'a>(
    stored: &'a StoredMessage,
    email: &'a StoredEmail,
    added: &[(&'static str, String)],
) -> Vec<Header<'a>> {
    let message = &stored.message;
    let field = |name: &str| message.request.get(name).filter(|value| !value.is_null());
    let reply_to = field("in_reply_to").and_then(Value::as_str).filter(|id| !id.is_empty()).map(in_brackets);
    let references = field("references").and_then(Value::as_array).map(|list| {
        let ids = list.iter().filter_map(Value::as_str).map(in_brackets);
        ids.collect::<Vec<_>>().join(" ")
    });
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
    let own = message.headers.iter().map(|(name, words)| (name.as_str(), words.clone()));
    let words = [
        ("Subject", email.rendered.subject.to_string()),
        ("Date", mime::date(message.send_at.unwrap_or(message.created_at))),
    ];
    let words = words.into_iter().chain(added.iter().map(|(name, words)| (*name, words.clone())));
    let words = words.chain(reply_to.map(|id| ("In-Reply-To", id)));
    let words = words.chain(references.filter(|ids| !ids.is_empty()).map(|ids| ("References", ids)));
    headers.extend(words.chain(own).map(|(name, words)| Header { name, value: Content::Words(words) }));
    headers
}

impl Header<'_> {
    /// The value as people read it.
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

    /// The value as it is written.
    pub(super) fn written(&self) -> String {
        match &self.value {
            Content::Words(words) => mime::words(words),
            Content::People(people) => {
                mime::mailboxes(people.iter().map(|person| (person.name.as_deref(), person.email.as_str())))
            }
        }
    }
}

/// Message ids are sent without brackets (facts sheet 3.1).
fn in_brackets(id: &str) -> String {
    let id = id.trim();
    if id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}
