//! What is known of a mail to one recipient, however its events come in.

mod status;

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use crate::datetime::DateTime;
use crate::event::{Bounce, BounceKind, EventKind, RejectReason, TrackingEvent};

pub use status::DeliveryStatus;

/// What is known of a mail to one recipient.
///
/// Events may be told late, twice, or in any order: the same events give the same state. Times are in UTC, and only as
/// good as the service's.
///
/// ```
/// use mailferry::delivery::{DeliveryState, DeliveryStatus};
/// use mailferry::event::TrackingEvent;
/// use mailferry::EventKind;
///
/// let mut state = DeliveryState::default();
/// for kind in [EventKind::Opened, EventKind::Delivered, EventKind::Sent, EventKind::Delivered] {
///     state.apply(&TrackingEvent::new(kind, kind.as_str()));
/// }
/// assert_eq!(state.status, DeliveryStatus::Delivered);
/// assert!(state.opened.is_some() && state.clicked.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct DeliveryState {
    /// How far it came.
    pub status: DeliveryStatus,
    /// The earliest time at which it is known to have been there.
    pub since: Option<DateTime>,
    /// It was opened, or a link in it was followed.
    pub opened: Option<Seen>,
    /// A link in it was followed.
    pub clicked: Option<Seen>,
    /// The recipient called it spam.
    pub complained: Option<Seen>,
    /// The recipient wants no more.
    pub unsubscribed: Option<Seen>,
    /// The gravest thing that kept it from being delivered, and of several such the latest. It stays when the mail is
    /// delivered after all.
    pub problem: Option<Problem>,
}

/// When something was seen. Both are `None` when nobody said when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// For the first time.
    pub first: Option<DateTime>,
    /// For the last time.
    pub last: Option<DateTime>,
}

/// What kept a mail from being delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What it was: deferred, a bounce, a failure, or rejected.
    pub status: DeliveryStatus,
    /// When it was.
    pub at: Option<DateTime>,
    /// Why, in normalized words.
    pub reject_reason: Option<RejectReason>,
    /// The service's code of a bounce.
    pub code: Option<String>,
    /// Why, for people; up to 1000 bytes.
    pub description: Option<String>,
}

const LONGEST_DESCRIPTION: usize = 1000;

impl DeliveryState {
    /// What one event alone tells.
    pub fn of(event: &TrackingEvent) -> Self {
        let at = event.timestamp.map(DateTime::to_utc);
        let seen = Some(Seen { first: at, last: at });
        let kind = kind_of(event);
        let status = status_of(kind, event.bounce.as_ref());
        let mut state = Self { status, since: at, ..Self::default() };
        match kind {
            EventKind::Opened => state.opened = seen,
            EventKind::Clicked => (state.opened, state.clicked) = (seen, seen),
            EventKind::Complained => state.complained = seen,
            EventKind::Unsubscribed => state.unsubscribed = seen,
            EventKind::Deferred | EventKind::Bounced | EventKind::Failed | EventKind::Rejected => {
                state.problem = Some(Problem {
                    status,
                    at,
                    reject_reason: event.reject_reason,
                    code: event.bounce.as_ref().and_then(|bounce| bounce.code.as_deref()).map(shortened),
                    description: event.description.as_deref().map(shortened),
                });
            }
            _ => {}
        }
        if status == DeliveryStatus::Unknown {
            state.since = None;
        }
        state
    }

    /// Takes in an event, which must be of this mail and this recipient.
    pub fn apply(&mut self, event: &TrackingEvent) {
        self.merge(Self::of(event));
    }

    /// Takes in everything that another state knows of the same mail. In which order states are merged, and how often,
    /// makes no difference.
    pub fn merge(&mut self, other: Self) {
        let Self { status, since, opened, clicked, complained, unsubscribed, problem } = other;
        match self.status.cmp(&status) {
            Ordering::Less => (self.status, self.since) = (status, since),
            Ordering::Equal => self.since = earliest(self.since, since),
            Ordering::Greater => {}
        }
        merge_seen(&mut self.opened, opened);
        merge_seen(&mut self.clicked, clicked);
        merge_seen(&mut self.complained, complained);
        merge_seen(&mut self.unsubscribed, unsubscribed);
        self.problem = match (self.problem.take(), problem) {
            (Some(ours), Some(theirs)) => Some(if ours.cmp_weight(&theirs).is_ge() { ours } else { theirs }),
            (ours, theirs) => ours.or(theirs),
        };
    }

    /// As JSON; what is not known is left out.
    pub fn to_json(&self) -> Value {
        let Self { status, since, opened, clicked, complained, unsubscribed, problem } = self;
        let mut members = Map::from_iter([("status".to_owned(), json!(status.as_str()))]);
        put(&mut members, "since", since.map(|at| json!(at.to_string())));
        for (name, seen) in
            [("opened", opened), ("clicked", clicked), ("complained", complained), ("unsubscribed", unsubscribed)]
        {
            put(&mut members, name, seen.map(Seen::to_json));
        }
        put(&mut members, "problem", problem.as_ref().map(Problem::to_json));
        Value::Object(members)
    }

    /// Reads what [`to_json`](Self::to_json) wrote. `None` for anything else.
    pub fn from_json(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        Some(Self {
            status: DeliveryStatus::from_word(members.get("status")?.as_str()?)?,
            since: optional(members, "since", date).ok()?,
            opened: optional(members, "opened", Seen::from_json).ok()?,
            clicked: optional(members, "clicked", Seen::from_json).ok()?,
            complained: optional(members, "complained", Seen::from_json).ok()?,
            unsubscribed: optional(members, "unsubscribed", Seen::from_json).ok()?,
            problem: optional(members, "problem", Problem::from_json).ok()?,
        })
    }
}

/// What an event is by its normalized word. Where it has none, the service's own word may be the normalized one all the
/// same: `deferred`, which Anymail knows, but not from every service.
fn kind_of(event: &TrackingEvent) -> EventKind {
    match event.kind {
        EventKind::Unknown => EventKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == event.service_kind)
            .unwrap_or(EventKind::Unknown),
        kind => kind,
    }
}

/// What is opened, followed, complained of or unsubscribed from has arrived, whether or not that was told.
fn status_of(kind: EventKind, bounce: Option<&Bounce>) -> DeliveryStatus {
    match kind {
        EventKind::Queued => DeliveryStatus::Queued,
        EventKind::Sent => DeliveryStatus::Sent,
        EventKind::Deferred => DeliveryStatus::Deferred,
        EventKind::Failed => DeliveryStatus::Failed,
        EventKind::Rejected => DeliveryStatus::Rejected,
        EventKind::Bounced => match bounce.map(|bounce| bounce.kind) {
            Some(BounceKind::Soft) => DeliveryStatus::SoftBounced,
            Some(BounceKind::Hard) | None => DeliveryStatus::HardBounced,
        },
        EventKind::Delivered
        | EventKind::AutoResponded
        | EventKind::Opened
        | EventKind::Clicked
        | EventKind::Complained
        | EventKind::Unsubscribed => DeliveryStatus::Delivered,
        EventKind::Subscribed | EventKind::Inbound | EventKind::InboundFailed | EventKind::Unknown => {
            DeliveryStatus::Unknown
        }
    }
}

impl Seen {
    fn to_json(self) -> Value {
        let mut members = Map::new();
        put(&mut members, "first", self.first.map(|at| json!(at.to_string())));
        put(&mut members, "last", self.last.map(|at| json!(at.to_string())));
        Value::Object(members)
    }

    fn from_json(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        Some(Self { first: optional(members, "first", date).ok()?, last: optional(members, "last", date).ok()? })
    }
}

impl Problem {
    /// A total order, so that of several problems always the same one is kept.
    fn cmp_weight(&self, other: &Self) -> Ordering {
        let weight = |problem: &Self| {
            let at = problem.at.map(DateTime::instant);
            (problem.status, at, problem.reject_reason.map(RejectReason::as_str))
        };
        weight(self)
            .cmp(&weight(other))
            .then_with(|| self.code.cmp(&other.code))
            .then_with(|| self.description.cmp(&other.description))
    }

    fn to_json(&self) -> Value {
        let Self { status, at, reject_reason, code, description } = self;
        let mut members = Map::from_iter([("status".to_owned(), json!(status.as_str()))]);
        put(&mut members, "at", at.map(|at| json!(at.to_string())));
        put(&mut members, "reject_reason", reject_reason.map(|reason| json!(reason.as_str())));
        put(&mut members, "code", code.as_ref().map(|code| json!(code)));
        put(&mut members, "description", description.as_ref().map(|description| json!(description)));
        Value::Object(members)
    }

    fn from_json(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        let reason = |value: &Value| {
            let word = value.as_str()?;
            RejectReason::ALL.iter().copied().find(|reason| reason.as_str() == word)
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            status: DeliveryStatus::from_word(members.get("status")?.as_str()?)?,
            at: optional(members, "at", date).ok()?,
            reject_reason: optional(members, "reject_reason", reason).ok()?,
            code: optional(members, "code", text).ok()?,
            description: optional(members, "description", text).ok()?,
        })
    }
}

fn merge_seen(ours: &mut Option<Seen>, theirs: Option<Seen>) {
    *ours = match (*ours, theirs) {
        (Some(ours), Some(theirs)) => {
            Some(Seen { first: earliest(ours.first, theirs.first), last: latest(ours.last, theirs.last) })
        }
        (ours, theirs) => ours.or(theirs),
    };
}

fn earliest(one: Option<DateTime>, other: Option<DateTime>) -> Option<DateTime> {
    one.into_iter().chain(other).min_by_key(|at| at.instant())
}

fn latest(one: Option<DateTime>, other: Option<DateTime>) -> Option<DateTime> {
    one.into_iter().chain(other).max_by_key(|at| at.instant())
}

fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST_DESCRIPTION)].to_owned()
}

fn put(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value);
    }
}

/// `Ok(None)` when it is not there, an error when it is and cannot be read.
fn optional<T>(
    members: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Unreadable> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or(Unreadable),
    }
}

struct Unreadable;

fn date(value: &Value) -> Option<DateTime> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(word: &str, at: Option<&str>) -> TrackingEvent {
        let (kind, bounce) = match word {
            "soft" => (EventKind::Bounced, Some(BounceKind::Soft)),
            "hard" => (EventKind::Bounced, Some(BounceKind::Hard)),
            word => (*EventKind::ALL.iter().find(|kind| kind.as_str() == word).unwrap(), None),
        };
        let mut event = TrackingEvent::new(kind, word);
        event.bounce = bounce.map(|kind| Bounce { kind, code: None });
        event.timestamp = at.map(|at| at.parse().unwrap());
        event
    }

    fn state(words: &[&str]) -> DeliveryState {
        let mut state = DeliveryState::default();
        for word in words {
            state.apply(&event(word, None));
        }
        state
    }

    #[test]
    fn the_rank_decides_and_not_the_order() {
        use DeliveryStatus as Status;
        for (words, expected) in [
            (&[][..], Status::Unknown),
            (&["unknown", "subscribed"], Status::Unknown),
            (&["queued", "sent"], Status::Sent),
            (&["sent", "queued"], Status::Sent),
            (&["deferred", "sent"], Status::Deferred),
            (&["sent", "deferred", "delivered"], Status::Delivered),
            (&["soft", "delivered"], Status::Delivered),
            (&["delivered", "soft"], Status::Delivered),
            (&["delivered", "hard"], Status::HardBounced),
            (&["hard", "delivered"], Status::HardBounced),
            (&["bounced"], Status::HardBounced),
            (&["queued", "rejected"], Status::Rejected),
            (&["queued", "failed"], Status::Failed),
            (&["opened"], Status::Delivered),
            (&["clicked", "sent"], Status::Delivered),
            (&["complained"], Status::Delivered),
            (&["unsubscribed"], Status::Delivered),
        ] {
            assert_eq!(state(words).status, expected, "{words:?}");
        }
    }

    /// The normalized kind may be unknown, as Anymail has it, for a word that says what happened all the same.
    #[test]
    fn the_services_word_counts_where_there_is_no_other() {
        for (word, status) in [
            ("deferred", DeliveryStatus::Deferred),
            ("queued", DeliveryStatus::Queued),
            ("opened_unique", DeliveryStatus::Unknown),
            ("", DeliveryStatus::Unknown),
        ] {
            let mut event = TrackingEvent::new(EventKind::Unknown, word);
            event.timestamp = "2026-01-01T00:00:00Z".parse().ok();
            event.description = Some("try later".to_owned());
            let state = DeliveryState::of(&event);
            assert_eq!((state.status, state.since.is_some()), (status, status != DeliveryStatus::Unknown), "{word}");
            let problem = state.problem.map(|problem| (problem.status, problem.description));
            let is_deferred = status == DeliveryStatus::Deferred;
            assert_eq!(problem, is_deferred.then(|| (status, Some("try later".to_owned()))), "{word}");
        }
        let mut delivered = state(&["delivered"]);
        delivered.apply(&TrackingEvent::new(EventKind::Unknown, "deferred"));
        assert_eq!(delivered.status, DeliveryStatus::Delivered);
        let sent = TrackingEvent::new(EventKind::Sent, "deferred");
        assert_eq!(DeliveryState::of(&sent).status, DeliveryStatus::Sent, "the normalized word comes first");
    }

    #[test]
    fn who_clicked_has_opened() {
        let state = state(&["clicked"]);
        assert!(state.opened.is_some() && state.clicked.is_some() && state.complained.is_none());
    }

    #[test]
    fn a_delivered_mail_remembers_what_went_wrong_before() {
        let mut soft = event("soft", Some("2026-01-01T00:00:00Z"));
        soft.description = Some("Mailbox full".to_owned());
        soft.bounce = Some(Bounce { kind: BounceKind::Soft, code: Some("452".to_owned()) });
        let mut state = DeliveryState::of(&event("delivered", Some("2026-01-01T00:05:00Z")));
        state.apply(&soft);
        let problem = state.problem.as_ref().unwrap();
        assert_eq!((problem.status, problem.code.as_deref()), (DeliveryStatus::SoftBounced, Some("452")));
        assert_eq!(
            state.to_json(),
            json!({
                "status": "delivered", "since": "2026-01-01T00:05:00+00:00",
                "problem": {"status": "soft_bounced", "at": "2026-01-01T00:00:00+00:00", "code": "452",
                    "description": "Mailbox full"},
            })
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_state() {
        for value in [json!(null), json!({}), json!({"status": "new"}), json!({"status": "sent", "since": 5})] {
            assert_eq!(DeliveryState::from_json(&value), None, "{value}");
        }
    }

    #[test]
    fn a_long_description_is_shortened() {
        let mut event = event("hard", None);
        event.description = Some("é".repeat(10_000));
        let description = DeliveryState::of(&event).problem.unwrap().description.unwrap();
        assert_eq!(description.len(), 1000);
    }

    prop_compose! {
        fn any_event()(
            kind in prop::sample::select(EventKind::ALL),
            bounce in prop::option::of(prop::sample::select(BounceKind::ALL)),
            reject_reason in prop::option::of(prop::sample::select(RejectReason::ALL)),
            // Few instants, some of them written with another offset, so that there are ties.
            at in prop::option::of((0_i64..4, prop::bool::ANY)),
            code in prop::option::of("[ab]"),
            description in prop::option::of("[xy]{1,2}"),
        ) -> TrackingEvent {
            let mut event = TrackingEvent::new(kind, kind.as_str());
            event.bounce = bounce.map(|kind| Bounce { kind, code });
            event.reject_reason = reject_reason;
            event.description = description;
            event.timestamp = at.map(|(seconds, east)| {
                let text = if east { format!("2026-01-01T02:00:0{seconds}+02:00") } else { format!("2026-01-01T00:00:0{seconds}Z") };
                text.parse().unwrap()
            });
            event
        }
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(
            (events, told) in prop::collection::vec(any_event(), 1..8).prop_flat_map(|events| {
                let again = prop::collection::vec(prop::sample::select(events.clone()), 0..8);
                let told = again.prop_map({
                    let events = events.clone();
                    move |again| [events.clone(), again].concat()
                });
                (Just(events), told.prop_shuffle())
            }),
        ) {
            let mut expected = DeliveryState::default();
            for event in &events {
                expected.apply(event);
            }
            let mut found = DeliveryState::default();
            for event in &told {
                let before = found.status;
                found.apply(event);
                prop_assert!(found.status >= before);
            }
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(DeliveryState::from_json(&found.to_json()), Some(found));
        }

        #[test]
        fn states_are_merged_in_any_grouping(events in prop::collection::vec(any_event(), 3..9), cut in 1_usize..3) {
            let fold = |events: &[TrackingEvent]| {
                let mut state = DeliveryState::default();
                for event in events {
                    state.apply(event);
                }
                state
            };
            let (left, right) = (fold(&events[..cut]), fold(&events[cut..]));
            let (mut one, mut other) = (left.clone(), right.clone());
            one.merge(right);
            other.merge(left);
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one, fold(&events));
        }
    }
}
