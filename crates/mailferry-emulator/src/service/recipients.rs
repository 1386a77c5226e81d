//! `/v1/recipients` and `/v1/domains/{id}/recipients`: everybody who was written to.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::reading::{ApiEmail, api_email};
use super::{Service, State, not_found};
use crate::clock::object_time;
use crate::id;
use crate::lifecycle::Contact;
use crate::reply::Reply;
use crate::request::Request;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// `deleted_at` is an empty text, not null (facts sheet 8.3, recorded).
#[derive(Serialize)]
pub(super) struct Recipient {
    id: String,
    email: String,
    created_at: String,
    updated_at: String,
    deleted_at: &'static str,
}

#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    recipient: Recipient,
    emails: Vec<ApiEmail>,
    domain: Domain,
}

#[derive(Serialize)]
struct Domain {
    id: String,
    name: String,
    created_at: String,
    updated_at: String,
}

/// One person as a domain knows them.
struct Known {
    domain: String,
    address: String,
    contact: Contact,
}

impl Service {
    /// Those of one domain when `of` or the question names one.
    pub(super) fn recipients(&self, of: Option<&str>, request: &Request, now: Timestamp) -> Reply {
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let state = self.caught_up(now);
        if of.is_some_and(|id| state.domain_name(id).is_none()) {
            return not_found();
        }
        let wanted = of.or_else(|| query.get("domain_id").and_then(Value::as_str));
        let of_domain = |known: &Known| wanted.is_none_or(|id| id::domain(&known.domain) == id);
        let people = known(&state).into_iter().filter(of_domain);
        let path = of.map_or_else(|| "recipients".to_owned(), |id| format!("domains/{id}/recipients"));
        self.paged(people.map(|known| recipient(&known.address, &known.contact)), &page, &path)
    }

    pub(super) fn one_recipient(&self, id: &str, now: Timestamp) -> Reply {
        let state = self.caught_up(now);
        let Some(known) = known(&state).into_iter().find(|known| known.contact.id == id) else { return not_found() };
        let messages = state.messages.iter().rev().filter(|stored| stored.message.created_at <= now);
        let emails = messages.flat_map(|stored| stored.emails.iter().map(move |email| (stored, email)));
        let theirs = emails.filter(|(_, email)| email.letter.contact.id == id);
        let since = object_time(known.contact.created_at);
        let data = Detailed {
            recipient: recipient(&known.address, &known.contact),
            emails: theirs.map(|(stored, email)| api_email(stored, email)).collect(),
            domain: Domain {
                id: id::domain(&known.domain),
                name: known.domain,
                created_at: since.clone(),
                updated_at: since,
            },
        };
        Reply::json(200, &Data { data })
    }

    /// Whoever is written to again is somebody new.
    pub(super) fn delete_recipient(&self, id: &str) -> Reply {
        if self.state().contacts.forget(id) { Reply::nothing() } else { not_found() }
    }
}

/// Everybody, by address (recorded so) and then by domain.
fn known(state: &State) -> Vec<Known> {
    let mut all: Vec<Known> = state
        .contacts
        .iter()
        .map(|((domain, address), contact)| Known {
            domain: domain.clone(),
            address: address.clone(),
            contact: contact.clone(),
        })
        .collect();
    all.sort_by(|a, b| (&a.address, &a.domain).cmp(&(&b.address, &b.domain)));
    all
}

pub(super) fn recipient(address: &str, contact: &Contact) -> Recipient {
    let since = object_time(contact.created_at);
    Recipient {
        id: contact.id.clone(),
        email: address.to_owned(),
        created_at: since.clone(),
        updated_at: since,
        deleted_at: "",
    }
}
