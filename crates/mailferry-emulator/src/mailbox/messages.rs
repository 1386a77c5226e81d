//! Every message that is remembered, by age and by id.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use crate::log::Log;
use crate::service::{StoredEmail, StoredMessage};
use crate::settings::Memory;

/// Where an email is: its message's number, and its position among the message's emails. Later ones are greater.
///
/// It never changes while the email is remembered, so that a page that starts below it stays right while mails arrive
/// and the oldest are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) message: u64,
    pub(crate) position: usize,
}

impl Place {
    /// Above every email.
    pub(crate) const TOP: Self = Self { message: u64::MAX, position: usize::MAX };
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, position } = self;
        write!(f, "{message}-{position}")
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (message, position) = text.split_once('-').ok_or(())?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(message) || !is_number(position) {
            return Err(());
        }
        Ok(Self { message: message.parse().map_err(|_| ())?, position: position.parse().map_err(|_| ())? })
    }
}

/// An email and its message.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) place: Place,
    pub(crate) stored: &'a StoredMessage,
    pub(crate) email: &'a StoredEmail,
}

/// Messages with an index; the oldest are forgotten when there are too many.
pub(crate) struct Messages {
    log: Log<StoredMessage>,
    index: Index,
}

/// Where messages and emails are, by id.
#[derive(Default)]
struct Index {
    messages: HashMap<u128, u64>,
    emails: HashMap<u128, Place>,
}

impl Index {
    fn add(&mut self, number: u64, stored: &StoredMessage) {
        self.messages.extend(key(&stored.message.id).map(|id| (id, number)));
        for (position, email) in stored.emails.iter().enumerate() {
            self.emails.extend(key(&email.id).map(|id| (id, Place { message: number, position })));
        }
    }

    fn forget(&mut self, stored: &StoredMessage) {
        if let Some(id) = key(&stored.message.id) {
            self.messages.remove(&id);
        }
        for id in stored.emails.iter().filter_map(|email| key(&email.id)) {
            self.emails.remove(&id);
        }
    }
}

/// Ids are 24 hex digits, which take a third of the room as a number.
fn key(id: &str) -> Option<u128> {
    let is_id = id.len() == 24 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_id { u128::from_str_radix(id, 16).ok() } else { None }
}

impl Messages {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { log: Log::new(memory), index: Index::default() }
    }

    /// Adds a message, and gives its number and those that are forgotten for it.
    pub(crate) fn push(&mut self, stored: StoredMessage, weight: usize) -> (u64, Vec<StoredMessage>) {
        let Self { log, index } = self;
        index.add(log.next(), &stored);
        let mut forgotten = Vec::new();
        let number = log.push_over(stored, weight, |_, stored| {
            index.forget(&stored);
            forgotten.push(stored);
        });
        (number, forgotten)
    }

    /// The list itself, for the file that it is kept in.
    #[cfg(feature = "data")]
    pub(crate) fn log(&self) -> &Log<StoredMessage> {
        &self.log
    }

    /// As [`log`](Messages::log), to be kept.
    #[cfg(feature = "data")]
    pub(crate) fn log_mut(&mut self) -> &mut Log<StoredMessage> {
        &mut self.log
    }

    /// Finds messages and emails again after the list was put back.
    #[cfg(feature = "data")]
    pub(crate) fn reindex(&mut self) {
        let Self { log, index } = self;
        *index = Index::default();
        for (number, stored) in log.up_to(u64::MAX) {
            index.add(number, stored);
        }
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &StoredMessage> {
        self.log.iter()
    }

    /// The message `number` and older ones, with their numbers; newest first.
    pub(crate) fn back_from(&self, number: u64) -> impl Iterator<Item = (u64, &StoredMessage)> {
        self.log.up_to(number).rev()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&StoredMessage> {
        self.log.get(number)
    }

    /// The message with this id, and its number.
    pub(crate) fn number_of(&self, id: &str) -> Option<(u64, &StoredMessage)> {
        let number = *self.index.messages.get(&key(id)?)?;
        Some((number, self.log.get(number)?))
    }

    /// The email with this id.
    pub(crate) fn email(&self, id: &str) -> Option<Found<'_>> {
        let place = self.place(id)?;
        let stored = self.log.get(place.message)?;
        Some(Found { place, stored, email: stored.emails.get(place.position)? })
    }

    /// Where the email with this id is.
    pub(crate) fn place(&self, id: &str) -> Option<Place> {
        self.index.emails.get(&key(id)?).copied()
    }

    /// How many emails are remembered.
    pub(crate) fn emails(&self) -> usize {
        self.index.emails.len()
    }

    /// Takes out the message `number`. Nothing more happens to its emails, and it does not count as forgotten.
    pub(crate) fn delete(&mut self, number: u64) -> Option<StoredMessage> {
        let stored = self.log.take(number)?;
        self.index.forget(&stored);
        stored.cancel();
        Some(stored)
    }

    /// Takes out all messages, as [`delete`](Messages::delete) does.
    pub(crate) fn delete_all(&mut self) {
        self.index = Index::default();
        self.log.take_all().for_each(|stored| stored.cancel());
    }

    /// How many messages there are, and how many bytes they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.log.size()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.log.dropped()
    }

    /// Forgets all messages, and counts them.
    pub(crate) fn clear(&mut self) {
        self.index = Index::default();
        self.log.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        let check = |text: &str, place: Option<Place>| assert_eq!(text.parse().ok(), place, "{text}");
        let place = Place { message: 12, position: 3 };
        check(&place.to_string(), Some(place));
        check(&Place::TOP.to_string(), Some(Place::TOP));
        for wrong in ["", "-", "1", "1-", "-1", "+1-1", "1-+1", "1-2-3", "a-1", "99999999999999999999999-1"] {
            check(wrong, None);
        }
        assert!(Place { message: 2, position: 0 } > Place { message: 1, position: 9 });
    }

    #[test]
    fn ids_are_hex() {
        assert_eq!(key("67618140bf85c862710f2c5a"), Some(0x6761_8140_bf85_c862_710f_2c5a));
        for wrong in ["", "67618140BF85C862710F2C5A", "67618140bf85c862710f2c5", "+7618140bf85c862710f2c5a"] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }
}
