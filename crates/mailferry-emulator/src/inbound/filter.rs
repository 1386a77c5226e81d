//! Conditions of an inbound route: which recipients it catches and which mail it wants.

use serde::{Deserialize, Serialize};

/// How a filter compares; texts are compared whatever their case (UNCERTAIN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Comparer {
    /// `equal`
    Equal,
    /// `not-equal`
    NotEqual,
    /// `contains`
    Contains,
    /// `not-contains`
    NotContains,
    /// `starts-with`
    StartsWith,
    /// `not-starts-with`
    NotStartsWith,
    /// `ends-with`
    EndsWith,
    /// `not-ends-with`
    NotEndsWith,
}

impl Comparer {
    const ALL: [Self; 8] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::NotContains,
        Self::StartsWith,
        Self::NotStartsWith,
        Self::EndsWith,
        Self::NotEndsWith,
    ];

    /// MailerSend's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::NotEqual => "not-equal",
            Self::Contains => "contains",
            Self::NotContains => "not-contains",
            Self::StartsWith => "starts-with",
            Self::NotStartsWith => "not-starts-with",
            Self::EndsWith => "ends-with",
            Self::NotEndsWith => "not-ends-with",
        }
    }

    /// The one that MailerSend calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|comparer| comparer.name() == name)
    }

    /// Whether it holds for a header or an address that may be there several times or not at all: one that fits is
    /// enough, and a negative one wants none that fits.
    fn holds(self, values: &[&str], wanted: &str) -> bool {
        let wanted = wanted.to_lowercase();
        let fits: fn(&str, &str) -> bool = match self {
            Self::Equal | Self::NotEqual => |value, wanted| value == wanted,
            Self::Contains | Self::NotContains => |value, wanted| value.contains(wanted),
            Self::StartsWith | Self::NotStartsWith => |value, wanted| value.starts_with(wanted),
            Self::EndsWith | Self::NotEndsWith => |value, wanted| value.ends_with(wanted),
        };
        values.iter().any(|value| fits(&value.to_lowercase(), &wanted)) != self.is_negative()
    }

    fn is_negative(self) -> bool {
        matches!(self, Self::NotEqual | Self::NotContains | Self::NotStartsWith | Self::NotEndsWith)
    }
}

/// How several filters of one kind are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Combine {
    /// Every filter must hold.
    #[default]
    All,
    /// One is enough.
    One,
}

impl Combine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::One => "one",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::All, Self::One].into_iter().find(|combine| combine.name() == name)
    }
}

/// What a group of filters looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// `catch_all`: every recipient of the route's address or domain.
    AnyRecipient,
    /// `catch_recipient`: the recipient's whole address (UNCERTAIN: perhaps its local part).
    Recipient,
    /// `match_all`: every mail.
    AnyMail,
    /// `match_sender`: the address in `From`, or the envelope's when there is none (UNCERTAIN).
    Sender,
    /// `match_domain`: the domain of that address.
    Domain,
    /// `match_header`: each header of the filter's key.
    Header,
}

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AnyRecipient => "catch_all",
            Self::Recipient => "catch_recipient",
            Self::AnyMail => "match_all",
            Self::Sender => "match_sender",
            Self::Domain => "match_domain",
            Self::Header => "match_header",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::AnyRecipient, Self::Recipient, Self::AnyMail, Self::Sender, Self::Domain, Self::Header];
        all.into_iter().find(|subject| subject.name() == name)
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// The header's name, for [`Subject::Header`].
    pub(crate) key: Option<String>,
    pub(crate) comparer: Comparer,
    pub(crate) value: String,
}

/// The conditions of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filters {
    pub(crate) subject: Subject,
    pub(crate) items: Vec<Filter>,
    pub(crate) combine: Combine,
}

impl Filters {
    pub(crate) fn any(subject: Subject) -> Self {
        Self { subject, items: Vec::new(), combine: Combine::All }
    }

    /// Whether the conditions hold. `values` gives the texts that a filter with its key looks at.
    pub(crate) fn hold<'a>(&self, values: impl Fn(Option<&str>) -> Vec<&'a str>) -> bool {
        if matches!(self.subject, Subject::AnyRecipient | Subject::AnyMail) || self.items.is_empty() {
            return true;
        }
        let holds = |filter: &Filter| filter.comparer.holds(&values(filter.key.as_deref()), &filter.value);
        match self.combine {
            Combine::All => self.items.iter().all(holds),
            Combine::One => self.items.iter().any(holds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparers_compare() {
        let check = |name: &str, value: &str, expected: bool| {
            let comparer = Comparer::from_name(name).unwrap();
            assert_eq!(comparer.holds(&[value], "Sales"), expected, "{value} {name} Sales");
        };
        for (value, equal, contains, starts, ends) in [
            ("sales", true, true, true, true),
            ("salesman", false, true, true, false),
            ("presales", false, true, false, true),
            ("presalesman", false, true, false, false),
            ("support", false, false, false, false),
            ("", false, false, false, false),
        ] {
            for (name, holds) in
                [("equal", equal), ("contains", contains), ("starts-with", starts), ("ends-with", ends)]
            {
                check(name, value, holds);
                check(&format!("not-{name}"), value, !holds);
            }
        }
        assert_eq!(Comparer::from_name("is"), None);
    }

    #[test]
    fn repeated_and_missing_headers() {
        let check = |comparer: Comparer, values: &[&str], expected| {
            assert_eq!(comparer.holds(values, "b"), expected, "{comparer:?} {values:?}");
        };
        check(Comparer::Equal, &["a", "b"], true);
        check(Comparer::NotEqual, &["a", "b"], false);
        check(Comparer::NotEqual, &["a", "c"], true);
        check(Comparer::Equal, &[], false);
        check(Comparer::NotEqual, &[], true);
    }

    #[test]
    fn filters_combine() {
        let filter = |value: &str| Filter { key: None, comparer: Comparer::Contains, value: value.to_owned() };
        let check = |combine, wanted: &[&str], expected| {
            let items = wanted.iter().map(|value| filter(value)).collect();
            let filters = Filters { subject: Subject::Sender, items, combine };
            assert_eq!(filters.hold(|_| vec!["ann@example.org"]), expected, "{combine:?} {wanted:?}");
        };
        check(Combine::All, &["ann", "org"], true);
        check(Combine::All, &["ann", "net"], false);
        check(Combine::One, &["ann", "net"], true);
        check(Combine::One, &["bob", "net"], false);
        check(Combine::One, &[], true);
        let ignored = Filters { subject: Subject::AnyMail, items: vec![filter("bob")], combine: Combine::All };
        assert!(ignored.hold(|_| vec!["ann"]));
    }
}
