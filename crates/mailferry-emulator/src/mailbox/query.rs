//! The language of the search: words and conditions, all of which have to hold.
//!
//! ```text
//! term      = ["-"] (key ":" value | value)
//! value     = letters without spaces | '"' letters '"'
//! ```
//!
//! What cannot be understood is told beside the result, in words.

use std::str::FromStr as _;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::message::{EmailStatus, Via};

/// How many terms a question may have; more are not asked.
const MOST_TERMS: usize = 32;
/// How long a question may be, in bytes; what is behind is not read.
pub(super) const MOST_BYTES: usize = 2_000;

/// A question that was understood as far as it can be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(super) terms: Vec<Term>,
    /// What was not understood, in words.
    pub(super) problems: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Whether it must not hold.
    pub(super) negated: bool,
    pub(super) condition: Condition,
}

/// What a mail may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Words(Needle),
    To(Needle),
    From(Needle),
    Subject(Needle),
    Tag(Needle),
    Template(Needle),
    /// Ids of the email, of its message, or of its bulk request.
    Id(Needle),
    /// Any of these.
    Status(Vec<EmailStatus>),
    Via(Via),
    Has(Part),
    Is(Mark),
    Before(Timestamp),
    /// At this time or later.
    After(Timestamp),
    /// Something that no mail is.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Attachment,
    Image,
    Html,
    Text,
    Tag,
    Template,
    Warning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Opened,
    Clicked,
    Unsubscribed,
    Complained,
    Held,
    Scheduled,
}

/// A text that is looked for in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle(String);

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// Whether `text` has it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if !self.0.is_ascii() {
            return text.to_lowercase().contains(&self.0);
        }
        let (needle, text) = (self.0.as_bytes(), text.as_bytes());
        let Some(first) = needle.first() else { return true };
        let other = first.to_ascii_uppercase();
        let starts = text.iter().enumerate().filter(|(_, byte)| *byte == first || **byte == other);
        starts.map(|(at, _)| at).any(|at| {
            let end = at.saturating_add(needle.len());
            text.get(at..end).is_some_and(|found| found.eq_ignore_ascii_case(needle))
        })
    }

    /// Whether `text` is it.
    pub(super) fn is(&self, text: &str) -> bool {
        text.to_lowercase() == self.0
    }
}

impl Query {
    /// Reads `text`; `now` is what `2h` and `today` count from.
    pub(crate) fn parse(text: &str, now: Timestamp) -> Self {
        let mut query = Self::default();
        let mut rest = text;
        if text.len() > MOST_BYTES {
            rest = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or_default();
            query.problems.push(format!("Only the first {MOST_BYTES} bytes of the search were read."));
        }
        while let Some((written, tail)) = Written::next(rest) {
            rest = tail;
            if query.terms.len() >= MOST_TERMS {
                query.problems.push(format!("Only the first {MOST_TERMS} words of the search were looked for."));
                break;
            }
            match written.condition(now) {
                Ok(Some(condition)) => query.terms.push(Term { negated: written.negated, condition }),
                Ok(None) => {}
                Err(problem) => {
                    query.terms.push(Term { negated: false, condition: Condition::Nothing });
                    query.problems.push(problem);
                }
            }
        }
        query
    }

    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// A term as it was written.
struct Written {
    negated: bool,
    key: Option<Key>,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    To,
    From,
    Subject,
    Tag,
    Template,
    Id,
    Status,
    Via,
    Has,
    Is,
    Before,
    After,
}

impl Key {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "to" => Self::To,
            "from" => Self::From,
            "subject" => Self::Subject,
            "tag" => Self::Tag,
            "template" => Self::Template,
            "id" => Self::Id,
            "status" => Self::Status,
            "via" => Self::Via,
            "has" => Self::Has,
            "is" => Self::Is,
            "before" => Self::Before,
            "after" => Self::After,
            _ => return None,
        })
    }
}

impl Written {
    /// The next term, and what is behind it.
    fn next(text: &str) -> Option<(Self, &str)> {
        let text = text.trim_start();
        if text.is_empty() {
            return None;
        }
        let (negated, text) = match text.strip_prefix('-') {
            // A dash by itself is a word.
            Some(rest) if !rest.is_empty() && !rest.starts_with(char::is_whitespace) => (true, rest),
            _ => (false, text),
        };
        let named = text.split_once(':').and_then(|(name, rest)| Some((Key::from_name(name)?, rest)));
        let (key, text) = named.map_or((None, text), |(key, rest)| (Some(key), rest));
        let (value, rest) = match text.strip_prefix('"') {
            // Quotes that are not closed reach to the end: somebody is typing.
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
        };
        Some((Self { negated, key, value: value.trim().to_owned() }, rest))
    }

    /// What it asks for: nothing while its value is missing.
    fn condition(&self, now: Timestamp) -> Result<Option<Condition>, String> {
        let value = self.value.as_str();
        if value.is_empty() {
            return Ok(None);
        }
        let needle = Needle::new(value);
        let Some(key) = self.key else { return Ok(Some(Condition::Words(needle))) };
        Ok(Some(match key {
            Key::To => Condition::To(needle),
            Key::From => Condition::From(needle),
            Key::Subject => Condition::Subject(needle),
            Key::Tag => Condition::Tag(needle),
            Key::Template => Condition::Template(needle),
            Key::Id => Condition::Id(needle),
            Key::Status => Condition::Status(status(value)?),
            Key::Via => Condition::Via(one_of("via", value, VIAS)?),
            Key::Has => Condition::Has(one_of("has", value, PARTS)?),
            Key::Is => match one_of("is", value, MARKS) {
                Ok(mark) => Condition::Is(mark),
                // `is:delivered` is as good as `status:delivered`.
                Err(problem) => Condition::Status(status(value).map_err(|_| problem)?),
            },
            Key::Before => Condition::Before(moment("before", value, now)?),
            Key::After => Condition::After(moment("after", value, now)?),
        }))
    }
}

const STATUSES: &[(&str, EmailStatus)] = &[
    ("queued", EmailStatus::Queued),
    ("sent", EmailStatus::Sent),
    ("delivered", EmailStatus::Delivered),
    ("rejected", EmailStatus::Rejected),
    ("bounced", EmailStatus::Rejected),
];

const VIAS: &[(&str, Via)] = &[("api", Via::Api), ("bulk", Via::Bulk), ("smtp", Via::Smtp)];

const PARTS: &[(&str, Part)] = &[
    ("attachment", Part::Attachment),
    ("image", Part::Image),
    ("html", Part::Html),
    ("text", Part::Text),
    ("tag", Part::Tag),
    ("template", Part::Template),
    ("warning", Part::Warning),
];

const MARKS: &[(&str, Mark)] = &[
    ("opened", Mark::Opened),
    ("clicked", Mark::Clicked),
    ("unsubscribed", Mark::Unsubscribed),
    ("complained", Mark::Complained),
    ("held", Mark::Held),
    ("scheduled", Mark::Scheduled),
];

/// All that a word begins, so that a list does not jump while somebody is typing; several with commas.
fn status(value: &str) -> Result<Vec<EmailStatus>, String> {
    let value = value.to_ascii_lowercase();
    let words = value.split(',').filter(|word| !word.is_empty());
    let mut found: Vec<EmailStatus> = Vec::new();
    for word in words {
        let fits = STATUSES.iter().filter(|(name, _)| name.starts_with(word)).map(|(_, status)| *status);
        let before = found.len();
        found.extend(fits);
        if found.len() == before {
            return Err(unknown("status", word, STATUSES));
        }
    }
    Ok(found)
}

/// The first whose name the value begins, in the singular or the plural.
fn one_of<T: Copy>(key: &str, value: &str, known: &[(&str, T)]) -> Result<T, String> {
    let lower = value.to_ascii_lowercase();
    let fits = |name: &str| name.starts_with(&lower) || lower.strip_suffix('s') == Some(name);
    known.iter().find(|(name, _)| fits(name)).map(|(_, found)| *found).ok_or_else(|| unknown(key, value, known))
}

fn unknown<T>(key: &str, value: &str, known: &[(&str, T)]) -> String {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let value: String = value.chars().take(40).collect();
    format!("\"{key}:\" knows no \"{value}\"; it takes {}.", names.join(", "))
}

/// `2026-03-01`, `2026-03-01T10:00`, the same with an offset, `today`, `yesterday`, or how long ago: `30m`, `2h`, `7d`.
/// Without an offset, in UTC.
fn moment(key: &str, value: &str, now: Timestamp) -> Result<Timestamp, String> {
    let at = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let today = now.to_zoned(TimeZone::UTC).date();
    let found = match value.to_ascii_lowercase().as_str() {
        "today" => at(today.to_datetime(jiff::civil::Time::midnight())),
        "yesterday" => today.yesterday().ok().and_then(|day| at(day.to_datetime(jiff::civil::Time::midnight()))),
        word => ago(word, now),
    };
    let day = || Date::from_str(value).ok().and_then(|day| at(day.to_datetime(jiff::civil::Time::midnight())));
    let instant = || Timestamp::from_str(value).ok();
    let time = || DateTime::from_str(value).ok().and_then(at);
    // A date is a time, too, to those who read times: days come first.
    let date_only = value.len() == "2026-03-01".len();
    found.or_else(|| if date_only { day() } else { instant().or_else(time) }).ok_or_else(|| {
        let value: String = value.chars().take(40).collect();
        format!(
            "\"{key}:\" takes a day such as 2026-03-01, a time such as 2026-03-01T10:00, today, yesterday, or how long \
             ago: 30m, 2h, 7d; not \"{value}\"."
        )
    })
}

fn ago(word: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = word.chars().last()?;
    let count: u64 = word.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let by = SignedDuration::try_from(Duration::from_secs(count.checked_mul(seconds)?)).ok()?;
    now.checked_sub(by).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T10:00:00Z".parse().unwrap()
    }

    fn needle(text: &str) -> Needle {
        Needle::new(text)
    }

    #[test]
    fn questions_are_understood() {
        let check = |text: &str, expected: &[(bool, Condition)]| {
            let query = Query::parse(text, now());
            let terms: Vec<_> = query.terms.into_iter().map(|term| (term.negated, term.condition)).collect();
            assert_eq!(terms, expected, "{text}");
            assert_eq!(query.problems, Vec::<String>::new(), "{text}");
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let words = |text: &str| (false, Condition::Words(needle(text)));
        check("", &[]);
        check("  hello  World ", &[words("hello"), words("world")]);
        check("\"two words\" three", &[words("two words"), words("three")]);
        check("-spam", &[(true, Condition::Words(needle("spam")))]);
        check("- -", &[words("-"), words("-")]);
        check("to:ann@example.org", &[(false, Condition::To(needle("ann@example.org")))]);
        check("TO:\"Ann Lee\"x", &[(false, Condition::To(needle("ann lee"))), words("x")]);
        check("from:shop", &[(false, Condition::From(needle("shop")))]);
        check("-subject:\"your order\"", &[(true, Condition::Subject(needle("your order")))]);
        check(
            "tag:welcome template:abc",
            &[(false, Condition::Tag(needle("welcome"))), (false, Condition::Template(needle("abc")))],
        );
        check("id:6761", &[(false, Condition::Id(needle("6761")))]);
        check("status:delivered", &[(false, Condition::Status(vec![EmailStatus::Delivered]))]);
        check("status:b", &[(false, Condition::Status(vec![EmailStatus::Rejected]))]);
        check("status:sent,queued", &[(false, Condition::Status(vec![EmailStatus::Sent, EmailStatus::Queued]))]);
        check(
            "has:attachment has:attachments",
            &[(false, Condition::Has(Part::Attachment)), (false, Condition::Has(Part::Attachment))],
        );
        check(
            "is:opened -is:clicked is:rejected",
            &[
                (false, Condition::Is(Mark::Opened)),
                (true, Condition::Is(Mark::Clicked)),
                (false, Condition::Status(vec![EmailStatus::Rejected])),
            ],
        );
        check("via:smtp", &[(false, Condition::Via(Via::Smtp))]);
        check("before:2026-02-01", &[(false, Condition::Before(at("2026-02-01T00:00:00Z")))]);
        check("after:2026-02-01T08:30", &[(false, Condition::After(at("2026-02-01T08:30:00Z")))]);
        check("after:2026-02-01T08:30:00+01:00", &[(false, Condition::After(at("2026-02-01T07:30:00Z")))]);
        check(
            "after:today before:yesterday",
            &[
                (false, Condition::After(at("2026-03-01T00:00:00Z"))),
                (false, Condition::Before(at("2026-02-28T00:00:00Z"))),
            ],
        );
        check("after:2h", &[(false, Condition::After(at("2026-03-01T08:00:00Z")))]);
        // Nobody has to finish typing, and a colon is a letter like others.
        check("to: status:\"\" before:", &[]);
        check("https://a.example/x 10:30 re:", &[words("https://a.example/x"), words("10:30"), words("re:")]);
        check("\"not closed", &[words("not closed")]);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let check = |text: &str, expected: &str| {
            let query = Query::parse(text, now());
            assert_eq!(query.terms, [Term { negated: false, condition: Condition::Nothing }], "{text}");
            assert!(query.problems[0].contains(expected), "{:?}", query.problems);
        };
        check("status:lost", "\"status:\" knows no \"lost\"; it takes queued, sent, delivered, rejected, bounced.");
        check("-is:red", "\"is:\" knows no \"red\"; it takes opened, clicked");
        check("has:hope", "attachment, image, html");
        for wrong in ["before:soon", "before:2026-13-01", "after:99999999999999999999d", "after:-1h", "after:d"] {
            check(wrong, "a day such as 2026-03-01");
        }
        let many = Query::parse(&"x ".repeat(100), now());
        assert_eq!((many.terms.len(), many.problems.len()), (MOST_TERMS, 1));
        let long = Query::parse(&"é".repeat(2_000), now());
        assert_eq!(long.terms, [Term { negated: false, condition: Condition::Words(needle(&"é".repeat(1_000))) }]);
        assert_eq!(long.problems.len(), 1);
    }

    #[test]
    fn words_are_found_in_any_case() {
        let check = |text: &str, looked_for: &str, expected| {
            assert_eq!(needle(looked_for).is_in(text), expected, "{looked_for} in {text}");
        };
        check("Your ORDER", "order", true);
        check("aaab", "aab", true);
        check("aab", "aabb", false);
        check("GRÜẞE", "grüße", true);
        check("", "", true);
        check("", "x", false);
    }

    fn value() -> impl Strategy<Value = String> {
        "[a-zé@.:-][a-zé@.: -]{0,10}[a-z]"
    }

    proptest! {
        /// Whatever is quoted comes back as it was written, and whatever is written is read.
        #[test]
        fn terms_are_read_as_they_are_written(terms in prop::collection::vec((any::<bool>(), 0_usize..4, value()), 0..10)) {
            let written: Vec<String> = terms
                .iter()
                .map(|(negated, key, value)| {
                    let key = ["", "to:", "Subject:", "tag:"][*key];
                    format!("{}{key}\"{value}\"", if *negated { "-" } else { "" })
                })
                .collect();
            let read = Query::parse(&written.join(" "), now());
            let expected: Vec<Term> = terms
                .iter()
                .map(|(negated, key, value)| {
                    let needle = Needle::new(value.trim());
                    let condition = match key {
                        0 => Condition::Words(needle),
                        1 => Condition::To(needle),
                        2 => Condition::Subject(needle),
                        _ => Condition::Tag(needle),
                    };
                    Term { negated: *negated, condition }
                })
                .collect();
            prop_assert_eq!(read, Query { terms: expected, problems: Vec::new() });
        }

        #[test]
        fn nothing_is_too_strange(text in "(-|:|\"| |a|é|to|is:|before:|9|\u{1f600}|\\PC){0,60}") {
            let query = Query::parse(&text, now());
            prop_assert!(query.terms.len() <= MOST_TERMS);
        }

        #[test]
        fn needles_are_found_like_lower_case_text(text in "[aAbBéÉ]{0,12}", looked_for in "[aAbBéÉ]{0,3}") {
            let expected = text.to_lowercase().contains(&looked_for.to_lowercase());
            prop_assert_eq!(Needle::new(&looked_for).is_in(&text), expected);
        }
    }
}
