//! The people that the account has written to, each with one id for each domain.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::id::Ids;

/// Somebody who was written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) id: String,
    /// When they were first written to.
    pub(crate) created_at: Timestamp,
}

/// Contacts by domain and address in lower case.
#[derive(Debug)]
pub(crate) struct Contacts {
    known: HashMap<(String, String), Contact>,
    most: usize,
    /// By the same keys.
    pub(crate) changes: Changes<(String, String)>,
}

impl Contacts {
    /// Remembers at most so many people; more get a new id each time.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), most, changes: Changes::default() }
    }

    /// Who `address` is to `domain`; known from `now` on if they were not before.
    pub(crate) fn meet(&mut self, domain: &str, address: &str, ids: &mut Ids, now: Timestamp) -> Contact {
        let key = (domain.to_owned(), address.to_ascii_lowercase());
        if let Some(contact) = self.known.get(&key) {
            return contact.clone();
        }
        let contact = Contact { id: ids.object(now), created_at: now };
        if self.known.len() < self.most {
            self.changes.note(key.clone());
            self.known.insert(key, contact.clone());
        }
        contact
    }

    /// Everybody who is known, by domain and address, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&(String, String), &Contact)> {
        self.known.iter()
    }

    /// Forgets who has this id, and says whether anybody had.
    pub(crate) fn forget(&mut self, id: &str) -> bool {
        let before = self.known.len();
        let Self { known, changes, .. } = self;
        known.retain(|key, contact| {
            let stays = contact.id != id;
            if !stays {
                changes.note(key.clone());
            }
            stays
        });
        self.known.len() < before
    }

    /// Who has this key.
    #[cfg(feature = "data")]
    pub(crate) fn get(&self, key: &(String, String)) -> Option<&Contact> {
        self.known.get(key)
    }

    /// Adds somebody whom a file knows.
    #[cfg(feature = "data")]
    pub(crate) fn restore(&mut self, key: (String, String), contact: Contact) {
        if self.known.len() < self.most {
            self.known.insert(key, contact);
        } else {
            self.changes.note(key);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.changes.note_all(self.known.keys().cloned());
        self.known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_known_again() {
        let (mut contacts, mut ids) = (Contacts::new(1), Ids::new(Some(1)));
        let (now, then) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        let ann = contacts.meet("a.example", "Ann@b.example", &mut ids, now);
        assert_eq!(contacts.meet("a.example", "ann@B.example", &mut ids, then), ann);
        let elsewhere = contacts.meet("c.example", "ann@b.example", &mut ids, now);
        assert_ne!(elsewhere.id, ann.id);
        assert_ne!(contacts.meet("c.example", "ann@b.example", &mut ids, now), elsewhere, "there is room for one");
    }
}
