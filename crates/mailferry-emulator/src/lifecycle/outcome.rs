//! What becomes of an email, as scripted by its recipient's address.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::agenda::Step;

/// What becomes of an email once it is sent.
///
/// Each step comes one [delivery delay](crate::Builder::delivery_delay) after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Outcome {
    /// It is delivered.
    #[default]
    Delivered,
    /// It is refused for now, and given up.
    SoftBounced,
    /// It is refused for good, and its recipient comes on the list of hard bounces.
    HardBounced,
    /// It is deferred, and delivered then.
    Deferred,
    /// It is delivered and called spam; its recipient comes on the list of complaints.
    SpamComplaint,
    /// It is delivered, and its recipient unsubscribes.
    Unsubscribed,
    /// It is delivered and opened.
    Opened,
    /// It is delivered, opened, and its first link is clicked.
    Clicked,
}

/// The local parts that have an outcome of their own: what stands before a `+` or the `@`.
const LOCAL_PARTS: &[(&str, Outcome)] = &[
    ("bounce", Outcome::HardBounced),
    ("bounced", Outcome::HardBounced),
    ("hardbounce", Outcome::HardBounced),
    ("hardbounced", Outcome::HardBounced),
    ("softbounce", Outcome::SoftBounced),
    ("softbounced", Outcome::SoftBounced),
    ("defer", Outcome::Deferred),
    ("deferred", Outcome::Deferred),
    ("complain", Outcome::SpamComplaint),
    ("complaint", Outcome::SpamComplaint),
    ("spamcomplaint", Outcome::SpamComplaint),
    ("unsubscribe", Outcome::Unsubscribed),
    ("unsubscribed", Outcome::Unsubscribed),
    ("open", Outcome::Opened),
    ("opened", Outcome::Opened),
    ("click", Outcome::Clicked),
    ("clicked", Outcome::Clicked),
    ("deliver", Outcome::Delivered),
    ("delivered", Outcome::Delivered),
];

/// The last steps of some outcome, which are those that a file names.
pub(super) fn rest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static [Step], D::Error> {
    let steps = Vec::<Step>::deserialize(deserializer)?;
    let mut ends = Outcome::ALL.into_iter().filter_map(|outcome| {
        let all = outcome.steps();
        all.get(all.len().checked_sub(steps.len())?..)
    });
    ends.find(|end| *end == steps).ok_or_else(|| D::Error::custom("no outcome has these steps"))
}

impl Outcome {
    const ALL: [Self; 8] = [
        Self::Delivered,
        Self::SoftBounced,
        Self::HardBounced,
        Self::Deferred,
        Self::SpamComplaint,
        Self::Unsubscribed,
        Self::Opened,
        Self::Clicked,
    ];

    pub(super) fn steps(self) -> &'static [Step] {
        match self {
            Self::Delivered => &[Step::Deliver],
            Self::SoftBounced => &[Step::SoftBounce],
            Self::HardBounced => &[Step::HardBounce],
            Self::Deferred => &[Step::Defer, Step::Deliver],
            Self::SpamComplaint => &[Step::Deliver, Step::Complain],
            Self::Unsubscribed => &[Step::Deliver, Step::Unsubscribe],
            Self::Opened => &[Step::Deliver, Step::Open],
            Self::Clicked => &[Step::Deliver, Step::Open, Step::Click],
        }
    }
}

/// Who gets which outcome: rules first, in their order, then local parts.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    rules: Vec<(String, Outcome)>,
    by_local_part: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self { rules: Vec::new(), by_local_part: true }
    }
}

impl Script {
    /// The last rule for the same pattern counts, and stands where the first one stood.
    pub(crate) fn rule(&mut self, pattern: String, outcome: Outcome) {
        match self.rules.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&pattern)) {
            Some((_, known)) => *known = outcome,
            None => self.rules.push((pattern, outcome)),
        }
    }

    pub(crate) fn by_local_part(&mut self, on: bool) {
        self.by_local_part = on;
    }

    pub(crate) fn outcome(&self, address: &str) -> Outcome {
        let rule = self.rules.iter().find(|(pattern, _)| matches(pattern, address));
        let found = rule.map(|(_, outcome)| *outcome);
        found.or_else(|| local_part(address).filter(|_| self.by_local_part)).unwrap_or_default()
    }
}

/// Whether `pattern`, in which `*` stands for any letters, is about `address`. Case does not matter.
fn matches(pattern: &str, address: &str) -> bool {
    let (pattern, address) = (pattern.to_ascii_lowercase(), address.to_ascii_lowercase());
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == address };
    let Some(mut left) = address.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(end)
}

fn local_part(address: &str) -> Option<Outcome> {
    let local = address.rsplit_once('@')?.0;
    let name = local.split('+').next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
    LOCAL_PARTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, outcome)| *outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_parts_have_outcomes() {
        let script = Script::default();
        let check = |address: &str, expected| assert_eq!(script.outcome(address), expected, "{address}");
        check("bounce@example.org", Outcome::HardBounced);
        check("Bounce+1@example.org", Outcome::HardBounced);
        check("hard-bounce@example.org", Outcome::HardBounced);
        check("hardbounce@example.org", Outcome::HardBounced);
        check("soft_bounce+a+b@example.org", Outcome::SoftBounced);
        check("deferred@example.org", Outcome::Deferred);
        check("complaint@example.org", Outcome::SpamComplaint);
        check("unsubscribe@example.org", Outcome::Unsubscribed);
        check("open@example.org", Outcome::Opened);
        check("click@example.org", Outcome::Clicked);
        check("delivered@example.org", Outcome::Delivered);
        check("ann+bounce@example.org", Outcome::Delivered);
        check("bouncer@example.org", Outcome::Delivered);
        check("bounce", Outcome::Delivered);
    }

    #[test]
    fn rules_come_first_in_their_order() {
        let mut script = Script::default();
        script.rule("ann@gone.example".to_owned(), Outcome::SoftBounced);
        script.rule("*@gone.example".to_owned(), Outcome::HardBounced);
        script.rule("bounce*".to_owned(), Outcome::Opened);
        assert_eq!(script.outcome("Ann@gone.example"), Outcome::SoftBounced);
        assert_eq!(script.outcome("bob@gone.example"), Outcome::HardBounced);
        assert_eq!(script.outcome("bounce@example.org"), Outcome::Opened);
        script.rule("*@GONE.example".to_owned(), Outcome::Delivered);
        assert_eq!(script.outcome("bob@gone.example"), Outcome::Delivered);
        let mut script = Script::default();
        script.by_local_part(false);
        assert_eq!(script.outcome("bounce@example.org"), Outcome::Delivered);
    }

    #[test]
    fn stars_stand_for_anything() {
        let check = |pattern, address, expected| assert_eq!(matches(pattern, address), expected, "{pattern} {address}");
        check("*", "a@b.example", true);
        check("a*e", "a@b.example", true);
        check("a*@*.example", "a1@b.example", true);
        check("a*@*.example", "a1@example", false);
        check("*a*a*", "banana", true);
        check("ab*ba", "aba", false);
        check("**", "", true);
        check("a", "A", true);
        check("a", "ab", false);
    }
}
