//! What a file has of mails, and putting it back.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::account::Account;
use super::error::{DataError, Kind};
use super::file::File;
use super::forms::{Happened, Mail};
use super::tables::{self, Row, Table};
use crate::inbound::ReceivedMessage;
use crate::lifecycle::{Contact, Letter, Occurrence, Sheet};
use crate::request::Request;
use crate::service::{Bulk, Service, State, StoredMessage};
use crate::suppression;
use crate::webhooks::{Posted, Waiting};

/// Entries with their numbers and weights.
type Entries<T> = Vec<(u64, T, usize)>;

/// Everything that a file has beside the account.
pub(super) struct Loaded {
    messages: Entries<StoredMessage>,
    activities: Entries<Occurrence>,
    bulks: Entries<Bulk>,
    requests: Entries<Request>,
    deliveries: Entries<Posted>,
    received: Entries<ReceivedMessage>,
    waiting: Vec<(u64, Timestamp, Waiting)>,
    contacts: Vec<((String, String), Contact)>,
    suppressions: Vec<suppression::Entry>,
}

/// Reads all of it. What cannot be read is an error: to go on without it would be to throw it away.
pub(super) async fn read(file: &mut File) -> Result<Loaded, DataError> {
    let letters = letters(file).await?;
    let letter = |row: &Row| letters.get(&row.about).map(Arc::clone).ok_or_else(|| "its email is missing".to_owned());
    let messages = entries(file, Table::Messages, |row| {
        let mail: Mail = json(&row.body)?;
        mail.stored(&letters).ok_or_else(|| "a part of it is missing".to_owned())
    });
    let messages = messages.await?;
    let activities = entries(file, Table::Activities, |row| {
        let happened: Happened = json(&row.body)?;
        Ok(happened.occurrence(letter(row)?))
    });
    let activities = activities.await?;
    let due = |row: &Row| row.about.parse::<Timestamp>().map_err(|error| error.to_string());
    let waiting = entries(file, Table::Waiting, |row| Ok((due(row)?, json(&row.body)?))).await?;
    let path = file.path().to_owned();
    let failed = |cause| DataError::sqlite(&path, cause);
    let unreadable = |table: &str, error: String| DataError::new(Kind::Unreadable, &path, format!("{table}: {error}"));
    let mut contacts = Vec::new();
    for (domain, address, body) in tables::contacts(file.connection().await?).await.map_err(failed)? {
        let contact = json(&body).map_err(|error| unreadable("contacts", error))?;
        contacts.push(((domain, address), contact));
    }
    let mut suppressions = Vec::new();
    for body in tables::suppressions(file.connection().await?).await.map_err(failed)? {
        suppressions.push(json(&body).map_err(|error| unreadable("suppressions", error))?);
    }
    Ok(Loaded {
        messages,
        activities,
        bulks: entries(file, Table::Bulks, |row| json(&row.body)).await?,
        requests: entries(file, Table::Requests, |row| json(&row.body)).await?,
        deliveries: entries(file, Table::Deliveries, |row| json(&row.body)).await?,
        received: entries(file, Table::Received, |row| json(&row.body)).await?,
        waiting: waiting.into_iter().map(|(number, (due, waiting), _)| (number, due, waiting)).collect(),
        contacts,
        suppressions,
    })
}

async fn entries<T>(
    file: &mut File,
    table: Table,
    mut entry: impl FnMut(&Row) -> Result<T, String>,
) -> Result<Entries<T>, DataError> {
    let path = file.path().to_owned();
    let mut all = Vec::new();
    loop {
        let after = all.last().map(|(number, _, _)| *number);
        let page = tables::rows(file.connection().await?, table, after).await;
        let page = page.map_err(|cause| DataError::sqlite(&path, cause))?;
        if page.is_empty() {
            return Ok(all);
        }
        for row in page {
            let entry = entry(&row).map_err(|error| {
                let detail = format!("{} {}: {error}", table.name(), row.number);
                DataError::new(Kind::Unreadable, &path, detail)
            })?;
            all.push((row.number, entry, row.weight));
        }
    }
}

/// By email. Those of one message share its sheet again.
async fn letters(file: &mut File) -> Result<HashMap<String, Arc<Letter>>, DataError> {
    let path = file.path().to_owned();
    let rows = tables::letters(file.connection().await?).await.map_err(|cause| DataError::sqlite(&path, cause))?;
    let mut sheets: HashMap<String, Arc<Sheet>> = HashMap::new();
    let mut letters = HashMap::with_capacity(rows.len());
    for (email, body) in rows {
        let mut letter: Letter = json(&body)
            .map_err(|error| DataError::new(Kind::Unreadable, &path, format!("letters {email}: {error}")))?;
        let sheet = sheets.entry(letter.sheet.message_id.clone()).or_insert_with(|| Arc::clone(&letter.sheet));
        letter.sheet = Arc::clone(sheet);
        letters.insert(email, Arc::new(letter));
    }
    Ok(letters)
}

fn json<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

impl Loaded {
    /// Puts it into a state that has no mails yet, and plans what is to happen to them.
    pub(super) fn put(self, state: &mut State, service: &Service, account: &Account) {
        let Self { messages, activities, bulks, requests, deliveries, received, waiting, contacts, suppressions } =
            self;
        let counts = &account.counts;
        state.messages.log_mut().restore(counts.of(Table::Messages), messages.into_iter());
        state.messages.reindex();
        state.activities.restore(counts.of(Table::Activities), activities.into_iter());
        state.bulks.restore(counts.of(Table::Bulks), bulks.into_iter());
        state.requests.restore(counts.of(Table::Requests), requests.into_iter());
        state.inbound.log.restore(counts.of(Table::Received), received.into_iter());
        state.outbox.log_mut().restore(counts.of(Table::Deliveries), deliveries.into_iter());
        state.outbox.restore(counts.outbox, waiting.into_iter());
        for (key, contact) in contacts {
            state.contacts.restore(key, contact);
        }
        // Who was suppressed by the settings of this run is there already.
        let new = std::mem::replace(&mut state.entries, suppressions);
        let is_known = |state: &State, new: &suppression::Entry| state.entries.iter().any(|old| old.is_same(new));
        for entry in new {
            if !is_known(state, &entry) {
                state.entries.push(entry);
            }
        }
        let now = service.clock.now();
        state.plan_again(account.as_of.unwrap_or(now), now);
        state.catch_up(&service.settings, now);
        service.wake(state);
    }
}
