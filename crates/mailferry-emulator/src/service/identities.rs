//! `/v1/identities`: addresses that mail may come from although their domain is not verified.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::domains::Domain;
use super::query::{decode, json_body, note};
use super::{Service, State, invalid, not_found, refuse};
use crate::id;
use crate::json;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{IDENTITY, IDENTITY_NEW, examine, is_true};
use crate::webhooks::delivery::Notice;

/// More are refused as MailerSend refuses those that come too fast; where its own limit is, is UNCERTAIN.
const MOST_IDENTITIES: usize = 1_000;

/// A sender identity of the account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) is_verified: bool,
    /// The name of its domain.
    domain: String,
    about: About,
    resends: u32,
    created_at: Timestamp,
}

/// What can be changed.
#[derive(Clone, Default, Serialize, Deserialize)]
struct About {
    name: String,
    reply_to_email: Option<String>,
    reply_to_name: Option<String>,
    add_note: bool,
    personal_note: Option<String>,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// The shape is documented, and in the vendor's SDKs; `domain` as inside of other objects is INFERRED.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    email: &'a str,
    name: &'a str,
    reply_to_email: Option<&'a str>,
    reply_to_name: Option<&'a str>,
    is_verified: bool,
    resends: u32,
    add_note: bool,
    personal_note: Option<&'a str>,
    domain: Domain,
}

/// What `sender_identity.verified` tells (facts sheet 6.6, documented).
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the shape is MailerSend's")]
struct Verified<'a> {
    object: &'static str,
    id: &'a str,
    email: &'a str,
    name: &'a str,
    reply_to_email: Option<&'a str>,
    reply_to_name: Option<&'a str>,
    is_verified: bool,
    resends: u32,
    add_note: bool,
    personal_note: Option<&'a str>,
}

/// How an identity is named in a path.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    Id(&'a str),
    /// As it stands in the path.
    Email(&'a str),
}

impl By<'_> {
    fn position(self, state: &State) -> Option<usize> {
        match self {
            Self::Id(id) => state.identities.iter().position(|known| known.id == id),
            Self::Email(email) => {
                let email = decode(&email.replace('+', "%2B"));
                state.identities.iter().position(|known| known.email.eq_ignore_ascii_case(&email))
            }
        }
    }
}

impl Service {
    pub(super) fn identities(&self, request: &Request) -> Reply {
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let text = |name: &str| query.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let state = self.state();
        let mut found: Vec<&Identity> = state
            .identities
            .iter()
            .filter(|known| text("domain_id").is_none_or(|id| id == id::domain(&known.domain)))
            .filter(|known| {
                text("query").is_none_or(|part| known.email.contains(part) || known.about.name.contains(part))
            })
            .collect();
        match text("order_by") {
            Some("email") => found.sort_by(|one, other| one.email.cmp(&other.email)),
            Some("verified_at") => found.sort_by_key(|known| known.is_verified),
            _ => {}
        }
        if text("order") == Some("desc") {
            found.reverse();
        }
        let shown: Vec<Shown<'_>> = found.into_iter().map(|known| self.show_identity(&state, known)).collect();
        self.counted(shown.into_iter(), &page, "identities")
    }

    pub(super) fn one_identity(&self, by: By<'_>) -> Reply {
        let state = self.state();
        let found = by.position(&state).and_then(|at| state.identities.get(at));
        found.map_or_else(not_found, |known| Reply::json(200, &Data { data: self.show_identity(&state, known) }))
    }

    pub(super) fn add_identity(&self, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let taken: Vec<&str> = state.identities.iter().map(|known| known.email.as_str()).collect();
        let facts = self.facts(&state, now, &taken);
        let mut findings = examine(IDENTITY_NEW, &root, &facts);
        findings.append(examine(IDENTITY, &root, &facts));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        if state.identities.len() >= MOST_IDENTITIES {
            return refuse("create.too_many", &[]);
        }
        let text = |name: &str| root.get(name).and_then(Value::as_str).unwrap_or_default();
        let domain = state.domain_name(text("domain_id")).unwrap_or_default().to_owned();
        let mut about = About::default();
        about.read(&root);
        let email = text("email").to_owned();
        let id = state.ids.hashid();
        let new = Identity { id, email, is_verified: false, domain, about, resends: 0, created_at: now };
        let reply = Reply::json(201, &Data { data: self.show_identity(&state, &new) });
        state.identities.push(new);
        reply
    }

    pub(super) fn change_identity(&self, by: By<'_>, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let Some(at) = by.position(&state) else { return not_found() };
        let Some(known) = state.identities.get(at) else { return not_found() };
        // What is not said stays as it is.
        let mut fields = Map::from_iter([("name".to_owned(), Value::from(known.about.name.as_str()))]);
        fields.extend(root.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
        let findings = examine(IDENTITY, &Value::Object(fields), &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let Some(known) = state.identities.get_mut(at) else { return not_found() };
        known.about.read(&root);
        let known = known.clone();
        Reply::json(200, &Data { data: self.show_identity(&state, &known) })
    }

    pub(super) fn delete_identity(&self, by: By<'_>) -> Reply {
        let mut state = self.state();
        let Some(at) = by.position(&state) else { return not_found() };
        state.identities.remove(at);
        Reply::nothing()
    }

    /// Counts that the mail with the link was sent again: nobody gets one here.
    pub(super) fn resend_identity(&self, id: &str) -> Reply {
        let mut state = self.state();
        let Some(at) = By::Id(id).position(&state) else { return not_found() };
        let Some(known) = state.identities.get_mut(at) else { return not_found() };
        known.resends = known.resends.saturating_add(1);
        let known = known.clone();
        Reply::json(200, &Data { data: self.show_identity(&state, &known) })
    }

    /// As if the owner of the address had followed the link in the mail; `false` when there is no such identity.
    pub(crate) fn verify_identity(&self, email: &str) -> bool {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        let named = |known: &&mut Identity| known.email.eq_ignore_ascii_case(email) || known.id == email;
        let Some(known) = state.identities.iter_mut().find(named) else { return false };
        if known.is_verified {
            return true;
        }
        known.is_verified = true;
        let known = known.clone();
        let About { name, reply_to_email, reply_to_name, add_note, personal_note } = &known.about;
        let data = json::compact(&Verified {
            object: "sender_identity",
            id: &known.id,
            email: &known.email,
            name,
            reply_to_email: reply_to_email.as_deref(),
            reply_to_name: reply_to_name.as_deref(),
            is_verified: true,
            resends: known.resends,
            add_note: *add_note,
            personal_note: personal_note.as_deref(),
        });
        let notice = Notice { kind: "sender_identity.verified", domain: Some(known.domain), data };
        state.announce(&self.settings, &notice, now);
        self.wake(&state);
        true
    }

    fn show_identity<'a>(&self, state: &State, identity: &'a Identity) -> Shown<'a> {
        let Identity { id, email, is_verified, domain, about, resends, created_at } = identity;
        let About { name, reply_to_email, reply_to_name, add_note, personal_note } = about;
        Shown {
            id,
            email,
            name,
            reply_to_email: reply_to_email.as_deref(),
            reply_to_name: reply_to_name.as_deref(),
            is_verified: *is_verified,
            resends: *resends,
            add_note: *add_note,
            personal_note: personal_note.as_deref(),
            domain: self.domain_called(state, domain, *created_at),
        }
    }
}

impl About {
    /// Takes over what the valid `root` says.
    fn read(&mut self, root: &Value) {
        if let Some(name) = root.get("name").and_then(Value::as_str) {
            name.clone_into(&mut self.name);
        }
        for (name, field) in [
            ("reply_to_email", &mut self.reply_to_email),
            ("reply_to_name", &mut self.reply_to_name),
            ("personal_note", &mut self.personal_note),
        ] {
            if let Some(value) = root.get(name) {
                *field = value.as_str().map(str::to_owned);
            }
        }
        if let Some(add_note) = root.get("add_note").filter(|value| !value.is_null()) {
            self.add_note = is_true(add_note);
        }
    }
}
