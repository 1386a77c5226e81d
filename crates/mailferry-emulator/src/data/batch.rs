//! What is to be written: what changed since the last time, or everything after a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::account::{AS_OF, TEMPLATES, parts};
use super::forms::{Content, Happened};
use super::tables::Table;
use crate::changes::Changes;
use crate::lifecycle::Letter;
use crate::log::Log;
use crate::service::{Service, State};
use crate::suppression;

/// What one transaction writes.
pub(super) struct Batch {
    /// Whether it replaces everything that the file has.
    pub(super) is_whole: bool,
    pub(super) changes: Vec<Change>,
    /// Email, message and body.
    pub(super) letters: Vec<(String, String, String)>,
    /// By domain and address; `None`: nobody knows them any more.
    pub(super) contacts: Vec<((String, String), Option<String>)>,
    /// By id; `None`: it was deleted.
    pub(super) suppressions: Vec<(String, Option<String>)>,
    pub(super) account: Vec<(&'static str, String)>,
}

/// An entry that is new, has changed, or is gone.
pub(super) struct Change {
    pub(super) table: Table,
    pub(super) number: u64,
    pub(super) entry: Option<Entry>,
}

/// What a row has beside its number.
pub(super) struct Entry {
    pub(super) weight: usize,
    pub(super) about: String,
    content: Content,
}

impl Entry {
    pub(super) fn json(&self) -> serde_json::Result<String> {
        self.content.json()
    }
}

/// What is known of the file.
pub(super) struct Watch {
    token: Option<String>,
    /// The account's parts as they were written.
    account: BTreeMap<&'static str, String>,
    /// The ids of the suppressions that were written; how many there were, and the last one's.
    suppressions: BTreeSet<String>,
    last: (usize, Option<String>),
    /// The revision of the templates that was written.
    templates: u64,
    is_behind: bool,
}

impl Watch {
    /// Has changes noted from now on.
    pub(super) fn new(state: &mut State, token: Option<String>) -> Self {
        each_changes(state, Changes::watch, Changes::watch);
        let (account, suppressions) = (BTreeMap::new(), BTreeSet::new());
        Self { token, account, suppressions, last: (0, None), templates: 0, is_behind: false }
    }

    /// The file has the suppressions that there are.
    pub(super) fn knows(&mut self, state: &State) {
        self.suppressions = state.entries.iter().map(|entry| entry.id.clone()).collect();
        self.last = last(&state.entries);
    }

    /// Whether the last batch could not be written.
    pub(super) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// What changed, if anything did.
    pub(super) fn batch(&mut self, state: &mut State, service: &Service, now: Timestamp) -> Option<Batch> {
        let is_whole = self.is_behind;
        if is_whole {
            // Everything is written, and what happens meanwhile comes after it.
            each_changes(state, Changes::watch, Changes::watch);
        }
        let mut letters = BTreeMap::new();
        let changes = changes(state, is_whole, &mut letters);
        let contacts = contacts(state, is_whole);
        let suppressions = self.suppressions(state, is_whole);
        let parts = parts(state, service, self.token.as_deref()).unwrap_or_default();
        let is_new = |part: &(&'static str, String)| is_whole || self.account.get(part.0) != Some(&part.1);
        let mut account: Vec<_> = parts.into_iter().filter(is_new).collect();
        let revision = service.templates.revision();
        if is_whole || revision != self.templates {
            self.templates = revision;
            account.push((TEMPLATES, serde_json::to_string(&service.templates.made()).unwrap_or_default()));
        }
        if changes.is_empty() && contacts.is_empty() && suppressions.is_empty() && account.is_empty() {
            return None;
        }
        account.push((AS_OF, serde_json::to_string(&now).unwrap_or_default()));
        // Written now, while nothing happens to them: a letter goes on while its activities are being written.
        let letter = |(email, letter): (String, Arc<Letter>)| {
            Some((email, letter.sheet.message_id.clone(), serde_json::to_string(&*letter).ok()?))
        };
        let letters = letters.into_iter().filter_map(letter).collect();
        Some(Batch { is_whole, changes, letters, contacts, suppressions, account })
    }

    /// The batch is in the file.
    pub(super) fn written(&mut self, batch: Batch) {
        self.is_behind = false;
        self.account.extend(batch.account);
    }

    /// The batch is not in the file. Changes are not noted until the whole is written, since they would pile up.
    pub(super) fn failed(&mut self, state: &mut State) {
        self.is_behind = true;
        each_changes(state, Changes::ignore, Changes::ignore);
    }

    /// An entry never changes, and new ones come last: as long as the number and the last one are the same, so are all.
    fn suppressions(&mut self, state: &State, is_whole: bool) -> Vec<(String, Option<String>)> {
        let last = last(&state.entries);
        if last == self.last && !is_whole {
            return Vec::new();
        }
        self.last = last;
        let now: BTreeSet<String> = state.entries.iter().map(|entry| entry.id.clone()).collect();
        let before = if is_whole { BTreeSet::new() } else { std::mem::take(&mut self.suppressions) };
        let gone = before.difference(&now).map(|id| (id.clone(), None));
        let new = state.entries.iter().filter(|entry| !before.contains(&entry.id));
        let new = new.filter_map(|entry| Some((entry.id.clone(), Some(serde_json::to_string(entry).ok()?))));
        let changed = gone.chain(new).collect();
        self.suppressions = now;
        changed
    }
}

fn last(entries: &[suppression::Entry]) -> (usize, Option<String>) {
    (entries.len(), entries.last().map(|entry| entry.id.clone()))
}

/// Every list whose changes are noted.
fn each_changes(state: &mut State, numbered: fn(&mut Changes<u64>), contacts: fn(&mut Changes<(String, String)>)) {
    numbered(state.messages.log_mut().changes());
    numbered(state.bulks.changes());
    numbered(state.requests.changes());
    numbered(state.activities.changes());
    numbered(state.outbox.changes());
    numbered(state.outbox.log_mut().changes());
    numbered(state.inbound.log.changes());
    contacts(&mut state.contacts.changes);
}

/// Entries that changed. The letters of mails and of activities among them are in `letters` then.
fn changes(state: &mut State, is_whole: bool, letters: &mut BTreeMap<String, Arc<Letter>>) -> Vec<Change> {
    let mut all = Vec::new();
    of_log(state.messages.log_mut(), Table::Messages, is_whole, &mut all, |stored| {
        letters.extend(stored.emails.iter().map(|email| (email.id.clone(), Arc::clone(&email.letter))));
        (stored.message.id.clone(), Content::Message(stored.clone()))
    });
    of_log(&mut state.activities, Table::Activities, is_whole, &mut all, |occurrence| {
        let letter = Arc::clone(&occurrence.letter);
        let email = letter.email_id.clone();
        letters.insert(email.clone(), letter);
        (email, Content::Activity(Happened::of(occurrence)))
    });
    of_log(&mut state.bulks, Table::Bulks, is_whole, &mut all, |bulk| (String::new(), Content::Bulk(bulk.clone())));
    of_log(&mut state.requests, Table::Requests, is_whole, &mut all, |request| {
        (request.at().to_string(), Content::Request(request.clone()))
    });
    of_log(state.outbox.log_mut(), Table::Deliveries, is_whole, &mut all, |posted| {
        (String::new(), Content::Delivery(posted.clone()))
    });
    of_log(&mut state.inbound.log, Table::Received, is_whole, &mut all, |message| {
        (message.at().to_string(), Content::Received(message.clone()))
    });
    let mut numbers = state.outbox.changes().take();
    let waits = state.outbox.waiting().filter(|(arrival, ..)| is_whole || numbers.remove(arrival));
    let waiting = waits.map(|(number, due, waiting)| {
        let content = Content::Waiting(waiting.clone());
        let entry = Entry { weight: waiting.parcel.weight(), about: due.to_string(), content };
        Change { table: Table::Waiting, number, entry: Some(entry) }
    });
    all.extend(waiting);
    // What is left waits no longer.
    all.extend(numbers.into_iter().map(|number| Change { table: Table::Waiting, number, entry: None }));
    all
}

fn of_log<T>(
    log: &mut Log<T>,
    table: Table,
    is_whole: bool,
    changes: &mut Vec<Change>,
    mut content: impl FnMut(&T) -> (String, Content),
) {
    let noted = log.changes().take();
    let numbers = if is_whole { log.numbers().collect() } else { noted };
    changes.extend(numbers.into_iter().map(|number| {
        let entry = log.weighed(number).map(|(entry, weight)| {
            let (about, content) = content(entry);
            Entry { weight, about, content }
        });
        Change { table, number, entry }
    }));
}

fn contacts(state: &mut State, is_whole: bool) -> Vec<((String, String), Option<String>)> {
    let noted = state.contacts.changes.take();
    let keys = if is_whole { state.contacts.iter().map(|(key, _)| key.clone()).collect() } else { noted };
    let body = |key: &(String, String)| serde_json::to_string(state.contacts.get(key)?).ok();
    keys.into_iter().map(|key| (body(&key), key)).map(|(body, key)| (key, body)).collect()
}
