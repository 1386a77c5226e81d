//! Who is not to be written to.

use jiff::Timestamp;
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::codec::Word;

/// One of MailerSend's lists of people who are not to be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SuppressionList {
    /// Addresses and patterns that the account itself has blocked.
    Blocklist,
    /// Addresses that do not exist.
    HardBounces,
    /// People who called a message spam.
    SpamComplaints,
    /// People who unsubscribed.
    Unsubscribes,
    /// People held back for a while; MailerSend fills this list itself.
    OnHold,
}

impl SuppressionList {
    /// In the order in which they are asked (INFERRED, facts sheet 9.5).
    pub(crate) const ALL: [Self; 5] =
        [Self::Blocklist, Self::HardBounces, Self::SpamComplaints, Self::Unsubscribes, Self::OnHold];

    /// The last part of its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocklist => "blocklist",
            Self::HardBounces => "hard-bounces",
            Self::SpamComplaints => "spam-complaints",
            Self::Unsubscribes => "unsubscribes",
            Self::OnHold => "on-hold-list",
        }
    }

    /// The list whose path ends with `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }

    /// What a warning says about someone on it. For the on-hold list UNCERTAIN (facts sheet 3.2).
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Blocklist => "blocklisted",
            Self::HardBounces => "hard_bounced",
            Self::SpamComplaints => "spam_complaint",
            Self::Unsubscribes => "unsubscribed",
            Self::OnHold => "on_hold",
        }
    }
}

/// Whom an entry is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub(crate) enum Whom {
    Exact(String),
    Pattern(String, Regex),
}

/// The same in a file: an expression is compiled again.
#[derive(Serialize, Deserialize)]
enum Written {
    Exact(String),
    Pattern(String),
}

impl From<Whom> for Written {
    fn from(whom: Whom) -> Self {
        match whom {
            Whom::Exact(text) => Self::Exact(text),
            Whom::Pattern(text, _) => Self::Pattern(text),
        }
    }
}

impl TryFrom<Written> for Whom {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Exact(text) => Ok(Self::Exact(text)),
            Written::Pattern(text) => {
                let expression = pattern(&text).ok_or("a pattern of the blocklist does not compile")?;
                Ok(Self::Pattern(text, expression))
            }
        }
    }
}

/// One entry of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) recipient_id: String,
    pub(crate) list: SuppressionList,
    pub(crate) whom: Whom,
    /// The name of the domain it is about; `None`: the whole account.
    pub(crate) domain: Option<String>,
    /// What the mail server said, if it is here because of a bounce.
    #[serde(deserialize_with = "crate::codec::maybe_word::deserialize")]
    pub(crate) reason: Option<Word>,
    pub(crate) created_at: Timestamp,
}

impl Entry {
    /// Whether it is about the same people, for the same reason.
    #[cfg(feature = "data")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let kind = |whom: &Whom| matches!(whom, Whom::Exact(_));
        let (mine, its) = (&self.whom, &other.whom);
        self.list == other.list
            && self.domain == other.domain
            && kind(mine) == kind(its)
            && mine.text().eq_ignore_ascii_case(its.text())
    }

    fn matches(&self, address: &str) -> bool {
        match &self.whom {
            Whom::Exact(known) => known.eq_ignore_ascii_case(address),
            Whom::Pattern(_, pattern) => pattern.is_match(address),
        }
    }
}

impl Whom {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Pattern(text, _) => text,
        }
    }
}

/// The expression that a blocklist pattern such as `.*@example.com` stands for, if it is one: it matches whole
/// addresses, and case does not matter (UNCERTAIN).
pub(crate) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{text})$")).case_insensitive(true).size_limit(1 << 20).build().ok()
}

/// Why `address` is not written to from `domain`: every list that has it.
pub(crate) fn reasons(entries: &[Entry], address: &str, domain: &str) -> Vec<&'static str> {
    SuppressionList::ALL
        .into_iter()
        .filter(|list| {
            entries.iter().any(|entry| {
                entry.list == *list
                    && entry.domain.as_deref().is_none_or(|only| only == domain)
                    && entry.matches(address)
            })
        })
        .map(SuppressionList::reason)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(list: SuppressionList, whom: Whom, domain: Option<&str>) -> Entry {
        let (id, recipient_id) = (String::new(), String::new());
        let domain = domain.map(str::to_owned);
        Entry { id, recipient_id, list, whom, domain, reason: None, created_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn every_matching_list_is_a_reason() {
        let entries = [
            entry(SuppressionList::Unsubscribes, Whom::Exact("a@b.example".to_owned()), None),
            entry(SuppressionList::HardBounces, Whom::Exact("A@b.example".to_owned()), Some("x.example")),
            entry(SuppressionList::Blocklist, Whom::Pattern(String::new(), pattern(".*@b.example").unwrap()), None),
        ];
        let check = |address, domain, expected: &[&str]| assert_eq!(reasons(&entries, address, domain), expected);
        check("a@b.example", "x.example", &["blocklisted", "hard_bounced", "unsubscribed"]);
        check("a@b.example", "y.example", &["blocklisted", "unsubscribed"]);
        check("c@b.example", "y.example", &["blocklisted"]);
        check("c@b.example.org", "y.example", &[]);
    }

    #[test]
    fn a_bad_pattern_is_none() {
        assert!(pattern("(").is_none());
        assert!(pattern("(a{1000}){1000}").is_none());
    }
}
