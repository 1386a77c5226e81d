//! What MailerSend refuses, as data: one row a rule, with the sentence, the code and where each comes from.
//!
//! The tables are the documentation: `docs/emulator.md` lists the same rows, and a test compares the two.

mod account;
mod ask;
mod attachment;
mod bulk;
mod check;
mod email;
mod inbound;
mod reading;
mod refusal;
mod smtp;
mod suppression;
mod template;
mod webhook;

use std::cell::RefCell;
use std::collections::HashMap;

use serde::de::{MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub(crate) use self::account::{IDENTITY, IDENTITY_NEW, SCOPES, TOKEN, TOKEN_NAME, TOKEN_STATUS};
pub(crate) use self::ask::{is_true, moment_of, number};
pub(crate) use self::attachment::is_supported;
pub(crate) use self::bulk::objects as bulk_objects;
pub(crate) use self::check::{Facts, decode, is_address, unix};
pub(crate) use self::email::EMAIL;
pub(crate) use self::inbound::{INBOUND, INBOUND_DOMAIN};
pub(crate) use self::reading::{DOMAIN, DOMAIN_SETTINGS, EMAILS, SCHEDULES};
pub(crate) use self::refusal::refusal;
pub(crate) use self::smtp::{SMTP_USER, by_smtp};
pub(crate) use self::suppression::{BLOCKLIST, DELETE, LIST, PAGE};
pub(crate) use self::template::TEMPLATE;
pub(crate) use self::webhook::{ACTIVITY, WEBHOOK, WEBHOOK_DOMAIN, unanswered};

/// The most items of one list that are examined one by one; more are only counted. It bounds the answer to a request
/// that is nothing but mistakes.
const MOST_ITEMS: usize = 2_000;

/// How sure we are that MailerSend behaves as a [`Rule`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Certainty {
    /// Seen in recorded traffic.
    Recorded,
    /// Written in MailerSend's documentation.
    Documented,
    /// Deduced from how neighbouring rules are recorded or documented.
    Inferred,
    /// Not confirmed by any source; the sentence, or the key it is reported under, may differ.
    Uncertain,
}

/// One thing that MailerSend refuses.
///
/// # Examples
///
/// ```
/// let rule = mailferry_emulator::rules().find(|rule| rule.id == "to.required").unwrap();
/// assert_eq!((rule.status, rule.code), (422, Some("MS42209")));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rule {
    /// A name of our own for the rule, unique.
    pub id: &'static str,
    /// The field it looks at, as a dot path with `*` for any position of a list; empty for the whole request.
    pub field: &'static str,
    /// What MailerSend says, without the code; words in braces stand for values.
    pub sentence: &'static str,
    /// MailerSend's code, if the sentence ends with one.
    pub code: Option<&'static str>,
    /// The HTTP status of the refusal.
    pub status: u16,
    /// The kind of source it comes from.
    pub source: &'static str,
    /// How sure we are.
    pub certainty: Certainty,
    place: Place,
    check: Check,
}

/// A dot path, taken apart before anything is examined.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The member of the root that it begins with; empty for the whole request.
    top: &'static str,
    below: Below,
}

/// Where in a member of the root.
#[derive(Clone, Copy, Debug)]
enum Below {
    Itself,
    /// At this path.
    Member(&'static str),
    /// At the second path in each item of the list at the first.
    Each(&'static str, &'static str),
}

/// How a rule is decided.
#[derive(Clone, Copy, Debug)]
enum Check {
    /// Asked even when the field is missing.
    Always(fn(&Spot<'_>) -> Verdict),
    /// Asked only about a value that is there and not blank, as MailerSend's framework does with most rules.
    Value(fn(&Value, &Spot<'_>) -> Verdict),
    /// Decided before fields are looked at: see where the row's `id` is used.
    Before,
}

/// What a check has to say.
enum Verdict {
    Pass,
    Fail,
    /// A failure with values for the words in braces of the sentence.
    Say(Vec<(&'static str, String)>),
}

/// One field of one request, as a check sees it.
struct Spot<'a> {
    /// Where the rule looks, with a `*` for the position.
    field: &'static str,
    /// Which item of the list it is, where the field is in a list.
    position: Option<usize>,
    value: Option<&'a Value>,
    root: &'a Value,
    facts: &'a Facts<'a>,
    firsts: &'a Firsts,
}

/// Where each address of a list stands first: comparing each with each takes a minute when there are enough of them.
#[derive(Default)]
struct Firsts(RefCell<(&'static str, HashMap<String, usize>)>);

impl Firsts {
    /// Whether `address` stands in `items`, which are those of `list`, before `position`. Case does not matter.
    fn is_repeated(&self, list: &'static str, items: &[Value], address: &str, position: usize) -> bool {
        let addresses = || items.iter().map(|item| item.get("email").and_then(Value::as_str));
        if position < 32 {
            return addresses().take(position).flatten().any(|known| known.eq_ignore_ascii_case(address));
        }
        let (of, firsts) = &mut *self.0.borrow_mut();
        if *of != list {
            *of = list;
            firsts.clear();
            for (position, address) in addresses().enumerate().take(MOST_ITEMS) {
                if let Some(address) = address {
                    firsts.entry(address.to_ascii_lowercase()).or_insert(position);
                }
            }
        }
        firsts.get(&address.to_ascii_lowercase()).is_some_and(|first| *first < position)
    }
}

impl Spot<'_> {
    /// The dot path, as MailerSend reports it. Made only for what is wrong: most fields are not.
    fn path(&self) -> String {
        match self.position {
            Some(position) => self.field.replacen('*', &position.to_string(), 1),
            None => self.field.to_owned(),
        }
    }

    /// The first word of the path.
    fn top(&self) -> &'static str {
        self.field.split_once('.').map_or(self.field, |(top, _)| top)
    }
}

/// Every table, in the order of the documentation.
const TABLES: &[&[Rule]] = &[
    refusal::TABLE,
    bulk::TABLE,
    EMAIL,
    BLOCKLIST,
    LIST,
    DELETE,
    PAGE,
    INBOUND_DOMAIN,
    INBOUND,
    EMAILS,
    SCHEDULES,
    DOMAIN,
    DOMAIN_SETTINGS,
    TEMPLATE,
    WEBHOOK,
    WEBHOOK_DOMAIN,
    ACTIVITY,
    TOKEN,
    TOKEN_NAME,
    TOKEN_STATUS,
    IDENTITY_NEW,
    IDENTITY,
    SMTP_USER,
];

/// All rules, in the order in which they are reported.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    TABLES.iter().copied().flatten()
}

impl Rule {
    /// The sentence about the field at `path`, with its code.
    fn say(&self, path: &str, words: &[(&'static str, String)]) -> String {
        // Dotted paths are kept as they are, others lose their underscores (facts sheet 1.4, recorded).
        let field = if path.contains('.') { path.to_owned() } else { path.replace('_', " ") };
        let mut sentence = self.sentence.replace("{field}", &field);
        for (word, value) in words {
            sentence = sentence.replace(&format!("{{{word}}}"), value);
        }
        if let Some(code) = self.code {
            sentence.push_str(" #");
            sentence.push_str(code);
        }
        sentence
    }
}

/// Everything that is wrong with one request, by dot path, in the order of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    by_path: Vec<(String, Vec<String>)>,
    /// What MailerSend does not tell: the place of a mistake, for people.
    note: Option<String>,
}

impl Findings {
    pub(crate) fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }

    pub(crate) fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }

    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    pub(crate) fn add(&mut self, path: &str, sentence: String) {
        match self.by_path.iter_mut().find(|(known, _)| known == path) {
            Some((_, sentences)) => sentences.push(sentence),
            None => self.by_path.push((path.to_owned(), vec![sentence])),
        }
    }

    /// Adds what another table found.
    pub(crate) fn append(&mut self, other: Self) {
        for (path, sentences) in other.by_path {
            for sentence in sentences {
                self.add(&path, sentence);
            }
        }
    }

    /// All sentences, in the order of the rules.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = &str> {
        self.by_path.iter().flat_map(|(_, sentences)| sentences).map(String::as_str)
    }

    /// The first sentence, and how many more there are (facts sheet 1.4, recorded since 2024).
    pub(crate) fn message(&self) -> String {
        let mut sentences = self.by_path.iter().flat_map(|(_, sentences)| sentences);
        let first = sentences.next().cloned().unwrap_or_default();
        match sentences.count() {
            0 => first,
            1 => format!("{first} (and 1 more error)"),
            more => format!("{first} (and {more} more errors)"),
        }
    }
}

/// An object, whose order is that of the rules.
impl<'de> Deserialize<'de> for Findings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Paths;
        impl<'de> Visitor<'de> for Paths {
            type Value = Findings;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of lists of sentences")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Findings, A::Error> {
                let mut findings = Findings::default();
                while let Some(entry) = map.next_entry()? {
                    findings.by_path.push(entry);
                }
                Ok(findings)
            }
        }
        deserializer.deserialize_map(Paths)
    }
}

impl Serialize for Findings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.by_path.len()))?;
        for (path, sentences) in &self.by_path {
            map.serialize_entry(path, sentences)?;
        }
        map.end()
    }
}

/// Everything that `table` finds wrong with `root`.
pub(crate) fn examine(table: &[Rule], root: &Value, facts: &Facts<'_>) -> Findings {
    let mut findings = Findings::default();
    let firsts = Firsts::default();
    // Rules of one field stand together in a table, as fields of one member do. Each field is examined by all its rules
    // before the next one.
    for of_member in table.chunk_by(|a, b| a.place.top == b.place.top) {
        let member = of_member.first().and_then(|rule| root.get(rule.place.top));
        for rules in of_member.chunk_by(|a, b| a.field == b.field) {
            let Some(Rule { field, place, .. }) = rules.first() else { continue };
            place.visit(member, |position, value| {
                let spot = Spot { field, position, value, root, facts, firsts: &firsts };
                let mut sentences = Vec::new();
                for rule in rules {
                    match rule.decide(&spot) {
                        Verdict::Pass => {}
                        Verdict::Fail => sentences.push(rule.say(&spot.path(), &[])),
                        Verdict::Say(words) => sentences.push(rule.say(&spot.path(), &words)),
                    }
                }
                // Each place is visited once, so that it is not among the findings yet.
                if !sentences.is_empty() {
                    findings.by_path.push((spot.path(), sentences));
                }
            });
        }
    }
    findings
}

impl Rule {
    fn decide(&self, spot: &Spot<'_>) -> Verdict {
        match (self.check, spot.value) {
            (Check::Always(check), _) => check(spot),
            (Check::Value(check), Some(value)) if !is_blank(value) => check(value, spot),
            (Check::Value(_) | Check::Before, _) => Verdict::Pass,
        }
    }
}

/// Whether MailerSend's framework takes `value` for a missing one: it turns empty strings into null first.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

impl Place {
    const fn of(field: &'static str) -> Self {
        let (top, rest) = halves(field, b'.');
        let below = match rest {
            None => Below::Itself,
            Some(rest) => match halves(rest, b'*') {
                (member, None) => Below::Member(member),
                (list, Some(member)) => Below::Each(list, member),
            },
        };
        Self { top, below }
    }

    /// Visits the places that it names in the `member` of the root that it begins with. A missing field is one place
    /// without a value; a `*` over something that is not a list is no place at all.
    fn visit<'a>(self, member: Option<&'a Value>, mut each: impl FnMut(Option<usize>, Option<&'a Value>)) {
        match self.below {
            Below::Itself => each(None, member),
            Below::Member(path) => each(None, within(member, path)),
            Below::Each(list, path) => {
                let items = within(member, list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                for (position, item) in items.iter().take(MOST_ITEMS).enumerate() {
                    each(Some(position), within(Some(item), path));
                }
            }
        }
    }
}

/// What stands before the first `mark`, and after it if there is one; as `split_once`, which constants cannot use.
const fn halves(text: &'static str, mark: u8) -> (&'static str, Option<&'static str>) {
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == mark {
            let (before, after) = text.split_at(text.len() - rest.len());
            return (before, Some(after.split_at(1).1));
        }
        rest = tail;
    }
    (text, None)
}

/// What stands in `value` at this path; dots at either end do not matter.
fn within<'a>(value: Option<&'a Value>, path: &str) -> Option<&'a Value> {
    if path.is_empty() || value.is_none() {
        return value;
    }
    path.split('.').filter(|segment| !segment.is_empty()).fold(value, |value, segment| value?.get(segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = rules().map(|rule| rule.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn the_rules_of_a_field_stand_together() {
        for table in TABLES.iter().skip(2) {
            let mut fields: Vec<_> =
                table.chunk_by(|a, b| a.field == b.field).filter_map(|rules| rules.first()).map(|r| r.field).collect();
            let all = fields.len();
            fields.sort_unstable();
            fields.dedup();
            assert_eq!(fields.len(), all);
        }
    }

    #[test]
    fn messages_count_the_other_errors() {
        let mut findings = Findings::default();
        findings.add("a", "One.".to_owned());
        assert_eq!(findings.message(), "One.");
        findings.add("a", "Two.".to_owned());
        assert_eq!(findings.message(), "One. (and 1 more error)");
        findings.add("b", "Three.".to_owned());
        assert_eq!(findings.message(), "One. (and 2 more errors)");
        assert_eq!(serde_json::to_string(&findings).unwrap(), r#"{"a":["One.","Two."],"b":["Three."]}"#);
    }

    /// A spot has one position.
    #[test]
    fn fields_are_in_one_list_at_most() {
        for rule in rules() {
            assert!(rule.field.matches('*').count() <= 1, "{}", rule.id);
        }
    }

    #[test]
    fn fields_are_found_in_lists() {
        let root =
            serde_json::json!({"to": [{"email": "a"}, "b"], "cc": "no list", "tags": ["x"], "a": {"b": [{"c": 1}]}});
        let facts = Facts {
            settings: &Settings::default(),
            account: crate::settings::AccountState::Active,
            allowance: crate::plan::Allowance::new(None, &crate::plan::Overrides::default()),
            now: jiff::Timestamp::UNIX_EPOCH,
            rendering: None,
            files: &[],
            entries: &[],
            domains: &[],
            identities: &[],
        };
        let places = |field: &'static str| {
            let mut found = Vec::new();
            let place = Place::of(field);
            place.visit(root.get(place.top), |position, value| {
                let spot = Spot { field, position, value, root: &root, facts: &facts, firsts: &Firsts::default() };
                found.push((spot.path(), value.map(ToString::to_string)));
            });
            found
        };
        let check = |field, expected: &[(&str, Option<&str>)]| {
            let expected: Vec<_> =
                expected.iter().map(|(path, value)| ((*path).to_owned(), value.map(str::to_owned))).collect();
            assert_eq!(places(field), expected, "{field}");
        };
        check("to.*.email", &[("to.0.email", Some("\"a\"")), ("to.1.email", None)]);
        check("from.email", &[("from.email", None)]);
        check("from", &[("from", None)]);
        check("tags.*", &[("tags.0", Some("\"x\""))]);
        check("a.b.*.c", &[("a.b.0.c", Some("1"))]);
        check("cc.*.email", &[]);
        check("bcc.*.email", &[]);
    }

    /// JSON made of the words that messages are made of, in places where they do not belong.
    fn nonsense() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let words = || {
            proptest::sample::select(&[
                "from",
                "to",
                "cc",
                "email",
                "name",
                "subject",
                "text",
                "html",
                "attachments",
                "content",
                "filename",
                "personalization",
                "data",
                "send_at",
                "headers",
                "value",
                "tags",
                "a@b.example",
                "{{ a }}",
                "a.b",
                "é",
                "",
                "reply_to",
                "template_id",
                "settings",
                "track_opens",
                "x.png",
                "aGk=",
                "variables",
                "ids",
                "all",
                "domain_id",
            ])
        };
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            words().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 64, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(words().prop_map(str::to_owned), inner, 0..8)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn any_request_ends_well(root in nonsense()) {
            let settings = Settings::default();
            let allowance = crate::plan::Allowance::new(Some(crate::plan::Plan::Trial), &crate::plan::Overrides::default());
            let rendering = crate::rendering::render(&root, &settings, crate::templates::Chosen::None, allowance.recipients);
            let files = crate::content::files(&root);
            let facts = Facts {
                settings: &settings,
                account: crate::settings::AccountState::Active,
                allowance,
                now: jiff::Timestamp::UNIX_EPOCH,
                rendering: Some(&rendering),
                files: &files,
                entries: &[],
                domains: &[],
                identities: &[],
            };
            for table in TABLES.iter().skip(2) {
                let findings = examine(table, &root, &facts);
                let _ = (findings.message(), crate::json::compact(&findings));
            }
            let _ = crate::content::read(root, &rendering, &files, jiff::Timestamp::MAX);
        }
    }
}
