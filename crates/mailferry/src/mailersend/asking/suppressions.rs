//! The five lists of whom MailerSend does not send to.

use std::fmt;

use serde_json::{Value, json};

use super::super::MailerSend;
use super::super::response::unreadable;
use super::ask::Question;
use super::fields::Fields;
use super::page::{Pages, Record};
use super::{DomainName, Recipient};
use crate::datetime::DateTime;
use crate::transport::{Error, ErrorKind};

const READ: &str = "`suppressions_read` or `suppressions_full`";
const WRITE: &str = "`suppressions_full`";

/// One of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SuppressionList {
    /// Addresses and patterns that somebody blocked.
    Blocklist,
    /// Addresses that do not exist.
    HardBounces,
    /// Those who called a mail spam.
    SpamComplaints,
    /// Those who want no more.
    Unsubscribes,
    /// Addresses on hold for a while, which MailerSend puts there.
    OnHold,
}

impl SuppressionList {
    /// Every one of them.
    pub const ALL: &'static [Self] =
        &[Self::Blocklist, Self::HardBounces, Self::SpamComplaints, Self::Unsubscribes, Self::OnHold];

    /// MailerSend's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocklist => "blocklist",
            Self::HardBounces => "hard-bounces",
            Self::SpamComplaints => "spam-complaints",
            Self::Unsubscribes => "unsubscribes",
            Self::OnHold => "on-hold-list",
        }
    }
}

impl fmt::Display for SuppressionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry of one of the lists.
#[derive(Clone)]
#[non_exhaustive]
pub struct Suppression {
    /// The entry's id, by which it is deleted.
    pub id: String,
    /// Who it is, on the lists other than the blocklist.
    pub recipient: Option<Recipient>,
    /// What is blocked, on the blocklist: an address, or a regular expression for addresses.
    pub pattern: Option<String>,
    /// Whether [`pattern`](Self::pattern) is an expression.
    pub is_expression: bool,
    /// Why, in MailerSend's word or sentence.
    pub reason: Option<String>,
    /// Why, in words for people.
    pub readable_reason: Option<String>,
    /// Until when it holds, on the on-hold list. UNCERTAIN: no recording is known.
    pub on_hold_until: Option<DateTime>,
    /// The domain it holds for, where it is told; without one it may hold for the whole account.
    pub domain: Option<DomainName>,
    /// Since when.
    pub created_at: Option<DateTime>,
    raw: Value,
}

impl Suppression {
    /// The object as it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }
}

impl Record for Suppression {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        let recipient = fields.value("recipient");
        let recipient = recipient.is_object().then(|| Recipient::read(recipient.clone()));
        let domain = DomainName::read(fields.value("domain"));
        Self {
            id: fields.word("id"),
            domain: domain.or_else(|| recipient.as_ref().and_then(|recipient| recipient.domain.clone())),
            recipient,
            pattern: fields.text("pattern"),
            is_expression: fields.value("type") == "pattern",
            reason: fields.text("reason"),
            readable_reason: fields.text("readable_reason"),
            on_hold_until: fields.date("on_hold_until"),
            created_at: fields.date("created_at"),
            raw,
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Suppression {
    /// Leaves out what names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suppression")
            .field("id", &self.id)
            .field("domain", &self.domain)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// Asks about one of the lists: see [`MailerSend::suppressions`].
#[derive(Debug, Clone, Copy)]
pub struct Suppressions<'m> {
    mailersend: &'m MailerSend,
    list: SuppressionList,
}

impl MailerSend {
    /// Whom MailerSend does not send to, by one of its lists.
    pub fn suppressions(&self, list: SuppressionList) -> Suppressions<'_> {
        Suppressions { mailersend: self, list }
    }
}

impl Suppressions<'_> {
    fn path(&self) -> String {
        format!("suppressions/{}", self.list)
    }

    /// Every entry, or those for a domain.
    pub fn list(&self, domain_id: Option<&str>) -> Pages<Suppression> {
        Pages::new(self.mailersend, Question::get(self.path()).scope(READ).query_some("domain_id", domain_id))
    }

    /// Adds addresses. The blocklist can do without a domain, and then holds for the whole account. Safe to repeat: an
    /// address that is on the list is answered with its old entry.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for the on-hold list, which only MailerSend adds to.
    pub async fn add<A: Into<String>>(
        &self,
        domain_id: Option<&str>,
        addresses: impl IntoIterator<Item = A>,
    ) -> Result<Vec<Suppression>, Error> {
        let addresses: Vec<String> = addresses.into_iter().map(Into::into).collect();
        self.post("recipients", domain_id, addresses).await
    }

    /// Adds regular expressions for addresses to the blocklist: `.*@example.com`. Safe to repeat.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for the other lists.
    pub async fn add_patterns<A: Into<String>>(
        &self,
        domain_id: Option<&str>,
        patterns: impl IntoIterator<Item = A>,
    ) -> Result<Vec<Suppression>, Error> {
        if self.list != SuppressionList::Blocklist {
            return Err(Error::new(ErrorKind::Unsupported, format!("the list {} has no patterns", self.list))
                .with_remedy("add them to the blocklist"));
        }
        let patterns: Vec<String> = patterns.into_iter().map(Into::into).collect();
        self.post("patterns", domain_id, patterns).await
    }

    async fn post(&self, what: &str, domain_id: Option<&str>, texts: Vec<String>) -> Result<Vec<Suppression>, Error> {
        if self.list == SuppressionList::OnHold {
            return Err(Error::new(ErrorKind::Unsupported, "MailerSend alone adds to the on-hold list")
                .with_remedy("add to the blocklist"));
        }
        let mut body = json!({what: texts});
        if let Some(domain_id) = domain_id {
            body["domain_id"] = domain_id.into();
        }
        let question = Question::add(self.path(), body).scope(WRITE);
        let response = self.mailersend.ask(&question).await?;
        match response.json() {
            Some(body) if body["data"].is_array() => {
                Ok(Fields::of(&body).items("data").into_iter().cloned().map(Suppression::read).collect())
            }
            _ => Err(question.explain(unreadable("its body has no list `data`", response))),
        }
    }

    /// Deletes entries by their ids, so that MailerSend sends to them again. Safe to repeat; ids that are gone may be
    /// refused then (`The selected ids.0 is invalid.`).
    ///
    /// # Errors
    ///
    /// As MailerSend answers.
    pub async fn delete<I: Into<String>>(&self, ids: impl IntoIterator<Item = I>) -> Result<(), Error> {
        let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
        self.remove(json!({"ids": ids})).await
    }

    /// Deletes every entry, or every one for a domain. Safe to repeat.
    ///
    /// # Errors
    ///
    /// As MailerSend answers.
    pub async fn delete_all(&self, domain_id: Option<&str>) -> Result<(), Error> {
        let mut body = json!({"all": true});
        if let Some(domain_id) = domain_id {
            body["domain_id"] = domain_id.into();
        }
        self.remove(body).await
    }

    async fn remove(&self, body: Value) -> Result<(), Error> {
        self.mailersend.ask(&Question::delete(self.path(), Some(body)).scope(WRITE)).await.map(drop)
    }
}
