//! Headers that MailerSend has members of its own for, and those that it takes as they are.

use std::borrow::Cow;

use serde::Serialize;

use crate::address::Mailbox;
use crate::message::{Headers, Key, Problem};
use crate::transport::Feature;

/// A custom header.
#[derive(Debug, Serialize)]
pub(crate) struct Header<'m> {
    pub(crate) name: &'m str,
    pub(crate) value: &'m str,
}

/// The headers that mean something of their own.
#[derive(Default)]
pub(super) struct Special<'m> {
    pub(super) from: Option<Vec<Mailbox>>,
    pub(super) reply_to: Option<Vec<Mailbox>>,
    pub(super) in_reply_to: Option<Cow<'m, str>>,
    pub(super) precedence_bulk: Option<bool>,
    pub(super) references: Vec<Cow<'m, str>>,
    pub(super) list_unsubscribe: Option<&'m str>,
    pub(super) custom: Vec<Header<'m>>,
    pub(super) unsupported: Vec<Feature>,
}

impl<'m> Special<'m> {
    pub(super) fn take(headers: Option<&'m Headers>, allowed: bool, problems: &mut Vec<Problem>) -> Self {
        let mut special = Self::default();
        let mut addresses = |name: &str, value: &str| match Mailbox::parse_list(value) {
            Ok(mailboxes) => Some(mailboxes),
            Err(cause) => {
                problems.push(Problem::address(format!("{}.{name}", Key::Headers), &cause));
                None
            }
        };
        for (name, value) in headers.into_iter().flat_map(Headers::iter) {
            match name.to_ascii_lowercase().as_str() {
                // An empty one says nothing, and the message's own addresses stay.
                "reply-to" if value.is_empty() => {}
                "reply-to" => special.reply_to = addresses(name, value),
                "from" => special.from = addresses(name, value),
                "to" => special.unsupported.push(Feature::SpoofedTo),
                "in-reply-to" => special.in_reply_to = Some(bare_message_id(value)),
                "precedence" => special.precedence_bulk = Some(is_bulk(value)),
                _ if !allowed => special.unsupported.push(Feature::Header(name.to_owned())),
                "references" => special.references = message_ids(value),
                "list-unsubscribe" => special.list_unsubscribe = Some(value),
                _ => special.custom.push(Header { name, value }),
            }
        }
        special
    }
}

/// A message id as MailerSend wants it: without angle brackets. Several ids stay as they are.
fn bare_message_id(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    let bare = value.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    bare.filter(|id| !id.contains(['<', '>'])).unwrap_or(value).into()
}

/// The ids of a list, which need no space between them.
fn message_ids(value: &str) -> Vec<Cow<'_, str>> {
    value.split_inclusive('>').flat_map(str::split_whitespace).map(bare_message_id).collect()
}

fn is_bulk(precedence: &str) -> bool {
    ["bulk", "list", "junk"].iter().any(|word| precedence.eq_ignore_ascii_case(word))
}
