//! Who a message is for, and the template values of each.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::escape::write_string;
use super::json::{write_mailbox, write_object, write_value};
use crate::address::{Address, Mailbox};
use crate::message::{ByRecipient, Data};

/// A `to` recipient: of the message, or as `esp_extra` replaced it.
#[derive(Debug)]
pub(crate) enum To<'m> {
    Mailbox(&'m Mailbox),
    Extra(Value),
}

impl To<'_> {
    fn email(&self) -> &str {
        match self {
            Self::Mailbox(mailbox) => mailbox.address().to_ascii(),
            Self::Extra(value) => value.get("email").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The address, for the status.
    pub(crate) fn address(&self) -> Option<Cow<'_, Address>> {
        match self {
            Self::Mailbox(mailbox) => Some(Cow::Borrowed(mailbox.address())),
            Self::Extra(_) => self.email().parse().ok().map(Cow::Owned),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Mailbox(mailbox) => write_mailbox(out, mailbox),
            Self::Extra(value) => write_value(out, value),
        }
    }
}

/// Template values: those of all, and those of each.
#[derive(Debug)]
pub(crate) struct Personalization<'m> {
    global: Option<&'m Data>,
    /// In the order of the recipients; empty when nobody has any.
    own: Vec<Option<&'m Data>>,
}

impl<'m> Personalization<'m> {
    /// Also returns the keys of data by recipient that mean nobody.
    pub(super) fn new(
        global: Option<&'m Data>,
        by_recipient: Option<&'m ByRecipient>,
        to: &[To<'_>],
    ) -> (Option<Self>, Vec<&'m str>) {
        let global = global.filter(|data| !data.is_empty());
        let (own, unmatched) = match by_recipient.filter(|data| !data.is_empty()) {
            Some(data) => assign(data, to),
            None => (Vec::new(), Vec::new()),
        };
        let wanted = !to.is_empty() && (global.is_some() || !own.is_empty());
        (wanted.then_some(Self { global, own }), unmatched)
    }

    /// Writes the entry of the recipient at this place: the values of all, with the recipient's own laid over them.
    pub(crate) fn write(&self, place: usize, to: &To<'_>, out: &mut Vec<u8>) {
        let own = self.own.get(place).copied().flatten();
        out.extend_from_slice(b"{\"email\":");
        write_string(out, to.email());
        out.extend_from_slice(b",\"data\":");
        match (self.global, own) {
            (None, Some(only)) | (Some(only), None) => write_object(out, only),
            (None, None) => out.extend_from_slice(b"{}"),
            (Some(global), Some(own)) => {
                write_object(out, global.iter().filter(|(key, _)| !own.contains_key(key.as_str())).chain(own));
            }
        }
        out.push(b'}');
    }
}

/// Says which data is whose, and which keys mean nobody. Keys are compared with the spelling of an address first, which
/// is nearly always enough; to compare what they mean, all of them must be parsed.
fn assign<'m>(data: &'m ByRecipient, to: &[To<'_>]) -> (Vec<Option<&'m Data>>, Vec<&'m str>) {
    let mut spelt: HashMap<&str, (&'m Data, bool)> =
        data.iter().map(|(key, data)| (key.as_str(), (data, false))).collect();
    let mut exact = |spelling: &str| {
        let (data, used) = spelt.get_mut(spelling)?;
        *used = true;
        Some(*data)
    };
    let mut own: Vec<_> = to
        .iter()
        .map(|to| match to {
            To::Mailbox(mailbox) => exact(mailbox.address().as_str()).or_else(|| exact(to.email())),
            To::Extra(_) => exact(to.email()),
        })
        .collect();
    let mut unmatched: Vec<&str> = spelt.into_iter().filter_map(|(key, (_, used))| (!used).then_some(key)).collect();
    if own.contains(&None) {
        let natural: HashMap<String, &Data> = data
            .iter()
            .filter_map(|(key, data)| Some((key.parse::<Address>().ok()?.key().into_owned(), data)))
            .collect();
        for (to, own) in to.iter().zip(&mut own).filter(|(_, own)| own.is_none()) {
            *own = to.address().and_then(|address| natural.get(address.key().as_ref()).copied());
        }
    }
    if !unmatched.is_empty() {
        let natural: HashSet<String> =
            to.iter().filter_map(To::address).map(|address| address.key().into_owned()).collect();
        unmatched.retain(|key| !key.parse::<Address>().is_ok_and(|key| natural.contains(key.key().as_ref())));
        unmatched.sort_unstable();
    }
    (own, unmatched)
}
