//! Parcels that wait, and the log of those that were posted.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delivery::{Notice, Parcel, Receiver};
use super::post::{Failure, sign};
use crate::changes::Changes;
use crate::clock::later;
use crate::fault::{Fault, Faults};
use crate::log::Log;
use crate::settings::Memory;

/// One attempt to post one event.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its number, counted from zero since the emulator started.
    pub number: u64,
    /// The id of the webhook, or of the inbound route's forward.
    pub receiver: String,
    /// The `type` of the event: `activity.sent`…
    pub event: String,
    /// Where it was posted to.
    pub url: String,
    /// The body, byte for byte.
    pub body: Bytes,
    /// The value of the `Signature` header.
    pub signature: String,
    /// Which attempt at this event it was, counted from 1.
    pub attempt: u32,
    /// When it was posted, by the emulator's clock.
    pub at: Timestamp,
    /// What came of it.
    pub result: DeliveryResult,
    /// When it is tried again.
    pub again_at: Option<Timestamp>,
    /// What went wrong on purpose with this attempt.
    pub fault: Option<Fault>,
    /// The id of the email that it tells of, where it is about one.
    pub email_id: Option<String>,
    /// The id of the activity that it tells of, where it is about one.
    pub activity_id: Option<String>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeliveryResult {
    /// The receiver answered with this status; anything from 200 to 299 is a success.
    Answered(u16),
    /// There was no answer, for this reason.
    Unanswered(String),
}

impl DeliveryResult {
    /// Whether the event counts as delivered.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

impl fmt::Debug for Delivery {
    /// Without passwords of the URL and without the body, which may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, receiver, event, url: _, body, signature: _, attempt, at, result, again_at, fault, .. } =
            self;
        f.debug_struct("Delivery")
            .field("number", number)
            .field("receiver", receiver)
            .field("event", event)
            .field("body", &body.len())
            .field("attempt", attempt)
            .field("at", at)
            .field("result", result)
            .field("again_at", again_at)
            .field("fault", fault)
            .finish_non_exhaustive()
    }
}

/// A parcel and how often it was tried.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) parcel: Parcel,
    attempts: u32,
    /// When it came first, however often it was tried since.
    arrival: u64,
    /// Its number among everything that ever waited, which is another one for each attempt.
    #[serde(skip)]
    number: u64,
    /// What the next attempt meets.
    fault: Option<Fault>,
}

impl Waiting {
    /// What the next attempt is signed with.
    pub(crate) fn secret(&self) -> Cow<'_, str> {
        secret(&self.parcel, self.fault)
    }
}

fn secret(parcel: &Parcel, fault: Option<Fault>) -> Cow<'_, str> {
    match fault {
        Some(Fault::WebhookWronglySigned) => Cow::Owned(format!("not {}", parcel.secret)),
        _ => Cow::Borrowed(&parcel.secret),
    }
}

/// A parcel that was posted once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Posted {
    parcel: Parcel,
    number: u64,
    attempt: u32,
    at: Timestamp,
    result: DeliveryResult,
    again_at: Option<Timestamp>,
    fault: Option<Fault>,
}

impl Posted {
    fn shown(&self) -> Delivery {
        let Self { parcel, number, attempt, at, result, again_at, fault } = self;
        Delivery {
            number: *number,
            receiver: parcel.receiver.id().to_owned(),
            event: parcel.kind.clone(),
            url: parcel.url.clone(),
            body: parcel.body.clone(),
            signature: sign(&secret(parcel, *fault), &parcel.body),
            attempt: *attempt,
            at: *at,
            result: result.clone(),
            again_at: *again_at,
            fault: *fault,
            email_id: parcel.about.as_ref().map(|about| about.email_id.clone()),
            activity_id: parcel.about.as_ref().map(|about| about.activity_id.clone()),
        }
    }
}

/// What came of posting a parcel.
pub(crate) struct Answered {
    pub(crate) receiver: Receiver,
    pub(crate) failed: bool,
    /// What is to be announced because it is lost.
    pub(crate) lost: Option<Notice>,
}

/// How long something is held back that nothing comes after.
const MOST_HELD: Duration = Duration::from_mins(1);

/// By when they are due, then by arrival.
type Queue = BTreeMap<(Timestamp, u64), Waiting>;

/// Everything that is to be posted, and what was.
pub(crate) struct Outbox {
    queues: BTreeMap<Receiver, Queue>,
    /// Receivers that are being posted to, and whether what is being posted may be repeated.
    busy: BTreeMap<Receiver, bool>,
    /// What is being posted, and when it was due: whoever reads a file after a crash has it posted again.
    posting: BTreeMap<u64, (Timestamp, Waiting)>,
    /// By number, of what waits.
    changes: Changes<u64>,
    arrivals: u64,
    /// Everything that waits or is being posted.
    waiting: Memory,
    most: Memory,
    lost: u64,
    posted: u64,
    /// Whether anything was ever held back for what comes after it.
    holds: bool,
    log: Log<Posted>,
}

impl Outbox {
    pub(crate) fn new(memory: Memory) -> Self {
        Self {
            queues: BTreeMap::new(),
            busy: BTreeMap::new(),
            posting: BTreeMap::new(),
            changes: Changes::default(),
            arrivals: 0,
            waiting: Memory { count: 0, bytes: 0 },
            most: memory,
            lost: 0,
            posted: 0,
            holds: false,
            log: Log::new(memory),
        }
    }

    /// Adds a parcel that is due at `due`, unless it meets a fault. When too many wait, those that are due last are lost,
    /// and counted.
    pub(crate) fn push(&mut self, parcel: Parcel, due: Timestamp, faults: &mut Faults) {
        let fault = faults.meet(parcel.receiver.fault_on());
        let due = match fault {
            Some(Fault::WebhookLost) => {
                self.push_nowhere(parcel, due);
                return;
            }
            Some(Fault::WebhookDelayed(delay)) => later(due, delay),
            Some(Fault::WebhookReordered) => {
                self.holds = true;
                later(due, MOST_HELD)
            }
            Some(Fault::WebhookDuplicated) => {
                self.add(parcel.clone(), due, fault);
                due
            }
            _ => due,
        };
        self.add(parcel, due, fault);
    }

    /// Adds a parcel that meets no fault.
    pub(crate) fn push_surely(&mut self, parcel: Parcel, due: Timestamp) {
        self.add(parcel, due, None);
    }

    fn add(&mut self, parcel: Parcel, due: Timestamp, fault: Option<Fault>) {
        let arrival = self.arrivals;
        self.queue(Waiting { parcel, attempts: 0, arrival, number: 0, fault }, due);
    }

    /// Writes down that a parcel is not posted at all.
    fn push_nowhere(&mut self, parcel: Parcel, at: Timestamp) {
        let result = DeliveryResult::Unanswered("not posted, on purpose".to_owned());
        let (weight, fault) = (parcel.weight(), Some(Fault::WebhookLost));
        let posted = Posted { parcel, number: self.posted, attempt: 1, at, result, again_at: None, fault };
        self.posted = self.posted.saturating_add(1);
        self.log.push(posted, weight);
    }

    /// What was held back for `receiver` until the parcel that came as `arrival` was posted is due now.
    fn release(&mut self, receiver: &Receiver, arrival: u64, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(receiver).filter(|_| self.holds) else { return };
        let is_held = |waiting: &Waiting| waiting.fault == Some(Fault::WebhookReordered) && waiting.arrival < arrival;
        let held: Vec<_> = queue.extract_if((now, u64::MAX).., |_, waiting| is_held(waiting)).collect();
        self.changes.note_all(held.iter().map(|(_, waiting)| waiting.number));
        queue.extend(held.into_iter().map(|((_, key), waiting)| ((now, key), waiting)));
    }

    fn queue(&mut self, mut waiting: Waiting, due: Timestamp) {
        self.waiting.count = self.waiting.count.saturating_add(1);
        self.waiting.bytes = self.waiting.bytes.saturating_add(waiting.parcel.weight());
        let number = self.arrivals;
        self.arrivals = self.arrivals.saturating_add(1);
        waiting.number = number;
        self.changes.note(number);
        self.queues.entry(waiting.parcel.receiver.clone()).or_default().insert((due, number), waiting);
        while (self.waiting.count > self.most.count || self.waiting.bytes > self.most.bytes) && self.lose_last() {}
    }

    /// Loses the parcel that is due last: a repetition rather than something new. `false` when none is left to lose:
    /// what is being posted cannot be.
    fn lose_last(&mut self) -> bool {
        let due_last = self.queues.iter().max_by_key(|(_, queue)| queue.last_key_value().map(|(key, _)| *key));
        let Some(receiver) = due_last.map(|(receiver, _)| receiver.clone()) else { return false };
        let Some(queue) = self.queues.get_mut(&receiver) else { return false };
        let removed = queue.pop_last();
        if queue.is_empty() {
            self.queues.remove(&receiver);
        }
        let Some((_, waiting)) = removed else { return false };
        self.changes.note(waiting.number);
        self.less(waiting.parcel.weight());
        self.lost = self.lost.saturating_add(1);
        true
    }

    /// The next parcel for a receiver that is not being posted to, which it is from now on.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Waiting> {
        let free = self.queues.iter_mut().filter(|(receiver, _)| !self.busy.contains_key(*receiver));
        let (receiver, queue) = free.into_iter().find(|(_, queue)| is_due(queue, now))?;
        let receiver = receiver.clone();
        let ((due, number), waiting) = queue.pop_first()?;
        if queue.is_empty() {
            self.queues.remove(&receiver);
        }
        self.busy.insert(receiver, true);
        self.posting.insert(number, (due, waiting.clone()));
        Some(waiting)
    }

    /// Writes down what came of a parcel, and queues it again if it may be repeated.
    pub(crate) fn answered(&mut self, waiting: Waiting, outcome: Result<u16, Failure>, now: Timestamp) -> Answered {
        let Waiting { parcel, attempts, arrival, number, fault } = waiting;
        self.posting.remove(&number);
        self.changes.note(number);
        let attempt = attempts.saturating_add(1);
        let receiver = parcel.receiver.clone();
        self.less(parcel.weight());
        let is_wanted = self.busy.remove(&receiver).unwrap_or(false);
        let is_final = match &outcome {
            Ok(status) => (400..500).contains(status) && *status != 429,
            Err(failure) => failure.unresolved,
        };
        let result = match outcome {
            Ok(status) => DeliveryResult::Answered(status),
            Err(failure) => DeliveryResult::Unanswered(failure.reason),
        };
        let failed = !result.is_success();
        let delay = parcel.retries.after_attempt(attempt).filter(|_| is_wanted && failed && !is_final);
        let again_at = delay.map(|delay| later(now, delay));
        let lost = if is_wanted && failed && again_at.is_none() { parcel.if_lost.clone() } else { None };
        tracing::debug!(receiver = receiver.id(), event = parcel.kind, attempt, ?result, "posted");
        let posted = Posted { parcel: parcel.clone(), number: self.posted, attempt, at: now, result, again_at, fault };
        self.posted = self.posted.saturating_add(1);
        self.log.push(posted, parcel.weight());
        if let Some(due) = again_at {
            self.queue(Waiting { parcel, attempts: attempt, arrival, number: 0, fault: None }, due);
        }
        self.release(&receiver, arrival, now);
        Answered { receiver, failed, lost }
    }

    /// Every attempt that is remembered, oldest first.
    pub(crate) fn deliveries(&self) -> impl DoubleEndedIterator<Item = Delivery> {
        self.log.iter().map(Posted::shown)
    }

    /// The last `limit` attempts that are older than the number `before`, oldest first: those for one receiver, and about
    /// one email, where these are named.
    pub(crate) fn some_deliveries(
        &self,
        receiver: Option<&str>,
        email: Option<&str>,
        before: Option<u64>,
        limit: usize,
    ) -> Vec<Delivery> {
        let is_wanted = |posted: &&Posted| {
            let about = posted.parcel.about.as_ref();
            before.is_none_or(|before| posted.number < before)
                && receiver.is_none_or(|receiver| posted.parcel.receiver.id() == receiver)
                && email.is_none_or(|email| about.is_some_and(|about| about.email_id == email))
        };
        let mut found: Vec<Delivery> = self.log.iter().rev().filter(is_wanted).take(limit).map(Posted::shown).collect();
        found.reverse();
        found
    }

    /// Every remembered attempt to tell of one of these activities, whose numbers grow; oldest first, with the
    /// activity's number.
    pub(crate) fn about(&self, activities: &[u64]) -> Vec<(u64, Delivery)> {
        let its = self.log.iter().filter_map(|posted| Some((posted.parcel.about.as_ref()?.number, posted)));
        its.filter(|(activity, _)| activities.binary_search(activity).is_ok())
            .map(|(number, posted)| (number, posted.shown()))
            .collect()
    }

    /// Posts the delivery `number` again, as if for the first time, and without faults; `false` when it is not remembered.
    pub(crate) fn resend(&mut self, number: u64, now: Timestamp) -> bool {
        let posted = self.log.iter().find(|posted| posted.number == number);
        let Some(parcel) = posted.map(|posted| posted.parcel.clone()) else { return false };
        self.add(parcel, now, None);
        true
    }

    /// Takes back everything that waits for `receiver`. What is being posted to it is not repeated.
    pub(crate) fn forget(&mut self, receiver: &Receiver) {
        if let Some(may_be_repeated) = self.busy.get_mut(receiver) {
            *may_be_repeated = false;
        }
        for waiting in self.queues.remove(receiver).into_iter().flat_map(BTreeMap::into_values) {
            self.changes.note(waiting.number);
            self.less(waiting.parcel.weight());
        }
    }

    /// Everything that waits for `receiver` goes to `url` from now on.
    pub(crate) fn redirect(&mut self, receiver: &Receiver, url: &str) {
        for waiting in self.queues.get_mut(receiver).into_iter().flat_map(BTreeMap::values_mut) {
            self.changes.note(waiting.number);
            url.clone_into(&mut waiting.parcel.url);
        }
    }

    /// Forgets what waits and what was posted. What is being posted is still written down, but not repeated.
    pub(crate) fn clear(&mut self) {
        self.busy.values_mut().for_each(|may_be_repeated| *may_be_repeated = false);
        for waiting in std::mem::take(&mut self.queues).into_values().flat_map(BTreeMap::into_values) {
            self.changes.note(waiting.number);
            self.less(waiting.parcel.weight());
        }
        self.log.clear();
    }

    /// Whether everything that is due was posted and answered.
    pub(crate) fn is_idle(&self, now: Timestamp) -> bool {
        self.busy.is_empty() && !self.queues.values().any(|queue| is_due(queue, now))
    }

    /// When the next parcel is due that nothing stands in the way of.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let free = self.queues.iter().filter(|(receiver, _)| !self.busy.contains_key(*receiver));
        free.filter_map(|(_, queue)| queue.first_key_value()).map(|((due, _), _)| *due).min()
    }

    /// How many were lost because too many waited.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    fn less(&mut self, weight: usize) {
        self.waiting.count = self.waiting.count.saturating_sub(1);
        self.waiting.bytes = self.waiting.bytes.saturating_sub(weight);
    }
}

/// For the file that parcels are kept in.
#[cfg(feature = "data")]
impl Outbox {
    /// What a file has of the outbox beside its entries.
    pub(crate) fn counts(&self) -> [u64; 3] {
        [self.posted, self.arrivals, self.lost]
    }

    pub(crate) fn changes(&mut self) -> &mut Changes<u64> {
        &mut self.changes
    }

    pub(crate) fn log(&self) -> &Log<Posted> {
        &self.log
    }

    pub(crate) fn log_mut(&mut self) -> &mut Log<Posted> {
        &mut self.log
    }

    /// Everything that waits or is being posted, by its number, with the time that it is due.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u64, Timestamp, &Waiting)> {
        let queued = self.queues.values().flatten().map(|((due, number), waiting)| (*number, *due, waiting));
        queued.chain(self.posting.iter().map(|(number, (due, waiting))| (*number, *due, waiting)))
    }

    /// Goes on from what a file has.
    pub(crate) fn restore(
        &mut self,
        [posted, arrivals, lost]: [u64; 3],
        waiting: impl Iterator<Item = (u64, Timestamp, Waiting)>,
    ) {
        self.posted = posted.max(self.log.counts().0);
        self.lost = lost;
        let mut above = arrivals;
        for (number, due, waiting) in waiting {
            // In the old order, under the old number.
            self.arrivals = number;
            self.queue(waiting, due);
            above = above.max(self.arrivals);
        }
        self.arrivals = above;
    }
}

fn is_due(queue: &Queue, now: Timestamp) -> bool {
    queue.first_key_value().is_some_and(|((due, _), _)| *due <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::Retries;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn parcel(receiver: &str, bytes: usize) -> Parcel {
        Parcel {
            receiver: Receiver::Forward(receiver.to_owned()),
            kind: "inbound.message".to_owned(),
            url: String::new(),
            secret: String::new(),
            body: Bytes::from(vec![b' '; bytes]),
            retries: Retries::twice(),
            if_lost: Some(Notice { kind: "inbound_forward.failed", domain: None, data: Vec::new() }),
            about: None,
        }
    }

    fn faults() -> Faults {
        Faults::new(0, Vec::new()).unwrap()
    }

    fn outbox(bytes: usize) -> Outbox {
        Outbox::new(Memory { count: 10, bytes })
    }

    /// A deleted route, a webhook that was switched off, a reset.
    #[test]
    fn what_is_being_posted_to_the_forgotten_is_not_repeated() {
        let forgets: [fn(&mut Outbox, &Receiver); 2] = [Outbox::forget, |outbox, _| outbox.clear()];
        for forget in forgets {
            let mut outbox = outbox(1_000_000);
            outbox.push(parcel("a", 0), NOW, &mut faults());
            let posting = outbox.take(NOW).unwrap();
            forget(&mut outbox, &Receiver::Forward("a".to_owned()));
            let answered = outbox.answered(posting, Ok(500), NOW);
            assert!(answered.failed && answered.lost.is_none());
            assert_eq!((outbox.next(), outbox.deliveries().next().unwrap().again_at), (None, None));
            assert_eq!((outbox.waiting.count, outbox.waiting.bytes), (0, 0));
        }
    }

    #[test]
    fn what_is_being_posted_takes_memory_too() {
        let mut outbox = outbox(100_000);
        outbox.push(parcel("a", 60_000), NOW, &mut faults());
        let posting = outbox.take(NOW).unwrap();
        outbox.push(parcel("b", 60_000), NOW, &mut faults());
        assert_eq!((outbox.lost(), outbox.next()), (1, None));
        outbox.answered(posting, Ok(200), NOW);
        outbox.push(parcel("b", 60_000), NOW, &mut faults());
        assert_eq!((outbox.lost(), outbox.next()), (1, Some(NOW)));
    }
}
