//! The people that the account has written to, each with one id for each domain.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::id::Ids;

/// Somebody who was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Contacts {
    /// Remembers at most so many people; more get a new id each time.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashMap::new(), most }
    }

    /// Who `address` is to `domain`; known from `now` on if they were not before.
    pub(crate) fn meet(&mut self, domain: &str, address: &str, ids: &mut Ids, now: Timestamp) -> Contact {
        let key = (domain.to_owned(), address.to_ascii_lowercase());
        if let Some(contact) = self.known.get(&key) {
            return contact.clone();
        }
        let contact = Contact { id: ids.object(now), created_at: now };
        if self.known.len() < self.most {
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
        self.known.retain(|_, contact| contact.id != id);
        self.known.len() < before
    }

    pub(crate) fn clear(&mut self) {
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
