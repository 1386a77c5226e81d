//! What the service remembers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bulk::Bulk;
use super::domains::{MOST_DOMAINS, Records};
use super::identities::Identity;
use super::smtp_users::SmtpUsers;
use super::tokens::ApiToken;
use super::upkeep::Window;
use crate::fault::Faults;
use crate::id::{self, Ids};
use crate::inbound::Inbound;
use crate::lifecycle::{Agenda, Contacts, Delays, Holding, Letter, Occurrence, Pace, Script};
use crate::limits::Meter;
use crate::live::{Area, Changes};
use crate::log::Log;
use crate::mailbox::Messages;
use crate::message::{Email, EmailStatus, Mailbox, Message, Rendered, Role};
use crate::plan::{Overrides, Terms};
use crate::request::Request;
use crate::settings::{AccountState, Memory};
use crate::suppression::Entry;
use crate::webhooks::{Outbox, RegisteredWebhook};

/// Everything that changes while an emulator runs.
pub(crate) struct State {
    pub(crate) ids: Ids,
    /// What those who listen are told.
    pub(crate) changes: Changes,
    pub(crate) meter: Meter,
    pub(crate) account: AccountState,
    /// What the plan allows.
    pub(crate) terms: Terms,
    /// How long things take.
    pub(crate) pace: Pace,
    pub(crate) maintenance: bool,
    /// A maintenance that is planned, or under way as planned.
    pub(crate) window: Option<Window>,
    pub(crate) holding: Holding,
    pub(crate) paused_domains: BTreeSet<String>,
    /// Id and name of each domain that was ever mentioned, up to [`MOST_DOMAINS`].
    pub(crate) domains: Vec<(String, String)>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) messages: Messages,
    pub(crate) bulks: Log<Bulk>,
    pub(crate) requests: Log<Request>,
    pub(crate) faults: Faults,
    pub(crate) agenda: Agenda,
    pub(crate) script: Script,
    pub(crate) contacts: Contacts,
    pub(crate) activities: Log<Occurrence>,
    pub(crate) webhooks: Vec<RegisteredWebhook>,
    pub(crate) outbox: Outbox,
    pub(crate) inbound: Inbound,
    pub(crate) records: Records,
    pub(crate) tokens: Vec<ApiToken>,
    pub(crate) identities: Vec<Identity>,
    pub(crate) smtp_users: SmtpUsers,
}

/// A message with its emails.
///
/// Clones share everything, so that those who only look need not keep the state waiting.
#[derive(Clone)]
pub(crate) struct StoredMessage {
    pub(crate) message: Arc<Message>,
    pub(crate) emails: Arc<[StoredEmail]>,
    /// The number of the request that it came with.
    pub(crate) request: Option<u64>,
}

pub(crate) struct StoredEmail {
    pub(crate) id: String,
    pub(crate) recipient: Mailbox,
    pub(crate) role: Role,
    pub(crate) rendered: Rendered,
    /// What its activities know of it, and how far it has come.
    pub(crate) letter: Arc<Letter>,
}

impl StoredEmail {
    pub(crate) fn status(&self) -> EmailStatus {
        self.letter.course().status
    }

    /// How many warnings there are about it.
    pub(crate) fn warnings(&self) -> usize {
        self.rendered.warnings.len()
    }

    pub(crate) fn shown(&self, message: &Arc<Message>) -> Email {
        Email {
            id: self.id.clone(),
            recipient: self.recipient.clone(),
            role: self.role,
            status: self.status(),
            rendered: self.rendered.clone(),
            message: Arc::clone(message),
        }
    }
}

impl State {
    pub(crate) fn new(ids: Ids, memory: Memory, faults: Faults) -> Self {
        // A message has several recipients, and an email several activities.
        let several = memory.count.saturating_mul(10);
        Self {
            ids,
            changes: Changes::new(),
            meter: Meter::default(),
            account: AccountState::Active,
            terms: Terms::new(None, Overrides::default()),
            pace: Pace::new(Delays::default(), 0),
            maintenance: false,
            window: None,
            holding: Holding::new(None),
            paused_domains: BTreeSet::new(),
            domains: Vec::new(),
            entries: Vec::new(),
            messages: Messages::new(memory),
            bulks: Log::new(memory),
            requests: Log::new(memory),
            faults,
            agenda: Agenda::new(Memory { count: several, bytes: memory.bytes }),
            script: Script::default(),
            contacts: Contacts::new(several),
            activities: Log::new(Memory { count: several, bytes: memory.bytes }),
            webhooks: Vec::new(),
            outbox: Outbox::new(memory),
            inbound: Inbound::new(memory),
            records: Records::new(),
            tokens: Vec::new(),
            identities: Vec::new(),
            smtp_users: SmtpUsers::default(),
        }
    }

    /// Forgets messages, requests, suppressions and deliveries, and starts limits and faults again; the account stays as
    /// it is, and its webhooks with it.
    pub(crate) fn reset(&mut self) {
        self.meter = Meter::default();
        self.terms.forget();
        self.entries.clear();
        self.messages.clear();
        self.bulks.clear();
        self.requests.clear();
        self.faults.reset();
        self.agenda.clear();
        self.plan_window();
        self.holding.clear();
        self.contacts.clear();
        self.activities.clear();
        self.outbox.clear();
        self.inbound.log.clear();
        self.changes.reset();
    }

    /// Writes a request down, and numbers it.
    pub(crate) fn remember(&mut self, request: &mut Request) -> u64 {
        request.number = self.requests.next();
        self.changes.touch(Area::Requests);
        self.requests.push(request.clone(), request.weight())
    }

    /// The id of the domain called `name`, which is known from now on unless there are too many.
    pub(crate) fn domain_id(&mut self, name: &str) -> String {
        let name = name.to_ascii_lowercase();
        let id = id::domain(&name);
        if self.domains.len() < MOST_DOMAINS && !self.domains.iter().any(|(known, _)| *known == id) {
            self.domains.push((id.clone(), name));
        }
        id
    }

    pub(crate) fn domain_name(&self, id: &str) -> Option<&str> {
        self.domains.iter().find(|(known, _)| known == id).map(|(_, name)| name.as_str())
    }

    /// Whether mail from `domain` is held back.
    pub(crate) fn is_paused(&self, domain: &str) -> bool {
        self.paused_domains.contains(domain)
    }
}

impl StoredMessage {
    pub(crate) fn emails(&self) -> impl Iterator<Item = Email> {
        self.emails.iter().map(|email| email.shown(&self.message))
    }

    /// None of its emails goes any further, as when its schedule is deleted.
    pub(crate) fn cancel(&self) {
        for email in self.emails.iter() {
            email.letter.cancel();
        }
    }
}
