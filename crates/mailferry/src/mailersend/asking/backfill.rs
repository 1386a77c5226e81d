//! Events that no webhook told: the activities of a time, as the events that they were.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use serde_json::{Value, json};

use super::super::{MailerSend, webhook};
use super::ask::Question;
use super::flow::{Flow, Source};
use super::page::{Page, Seen, fetch};
use super::windows::{MOST, Windows, expected, pause, retention_days};
use super::{ActivityFilter, activity};
use crate::datetime::DateTime;
use crate::event::{Event, TrackingEvent};
use crate::transport::{Error, ErrorKind, Retry};

/// Beginning a little after the limit leaves time for the question to arrive.
const MARGIN: i64 = 60;

/// How many message ids are kept, so that a mail with several events is asked for once.
const REMEMBERED: usize = 10_000;

/// After so many mails that do not tell of which message they are, none is asked any more, unless one did.
const SILENT: u32 = 5;

/// Why a part of the time could not be looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapReason {
    /// MailerSend does not keep it any more.
    Retention,
    /// More happened than its API shows.
    TooMany,
    /// It refused the question, with these words.
    Refused(String),
    /// It failed several times, with these words.
    Failed(String),
    /// The backfill ended before, by an error that came as its last item.
    Stopped,
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retention => f.write_str("the account's plan does not keep activities for so long"),
            Self::TooMany => f.write_str("more happened in a second than the activity API shows"),
            Self::Refused(text) => write!(f, "refused: {text}"),
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::Stopped => f.write_str("the backfill ended before"),
        }
    }
}

/// A part of the time whose events are missing, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// From when.
    pub from: DateTime,
    /// Until when.
    pub to: DateTime,
    /// Why.
    pub reason: GapReason,
}

/// The events of a time, oldest first: see [`MailerSend::backfill`].
#[must_use = "nothing is asked until it is read"]
pub struct Backfill {
    flow: Flow<Walk>,
    gaps: Vec<Gap>,
}

impl MailerSend {
    /// The events of a domain, given by name or by id, from one time to another, as webhooks would have told them: with
    /// the same ids and in the same words, so that what is known already is recognised.
    ///
    /// They are read from the activity API, which knows less than webhooks do. Always there: the kind, its time, the
    /// ids of event and mail, the recipient, the tags. Not there as far as is documented: the message's id, for which
    /// see [`with_message_ids`](Backfill::with_message_ids); what was clicked and with what; the words of a bounce.
    /// What webhooks do not tell, that a mail was queued, is left out.
    ///
    /// Oldest first: the time is walked through in stretches of up to a day and 1,000 events, each of which is held in
    /// memory until it is complete. Only where a single second has more are they newest first. MailerSend allows ten
    /// questions a minute, so a day with 100,000 events takes some two hours, and an empty month three minutes. An
    /// activity shows up to half a minute after it happened (recorded 2026-10), so let the time end a little before the
    /// present.
    ///
    /// What could not be looked through is in [`gaps`](Backfill::gaps) afterwards. A stretch that MailerSend refuses or
    /// fails with is one; two in a row are an error, and so is the only one. What is wrong with the token or the
    /// domain, a day without requests left, and maintenance are errors at once.
    ///
    /// Each event's `raw` is the activity as it came, byte for byte, which
    /// [`reread`](crate::mailersend::reread) with `mailersend/activity` makes the same event of.
    ///
    /// ```no_run
    /// # use std::time::{Duration, SystemTime};
    /// # use mailferry::{MailerSend, transport::Error};
    /// # async fn backfill(mailersend: MailerSend, now: SystemTime) -> Result<(), Error> {
    /// // Not run: it would ask MailerSend.
    /// let to = now - Duration::from_mins(1);
    /// let mut events = mailersend.backfill("shop.example", to - Duration::from_hours(24), to);
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.word());
    /// }
    /// for gap in events.gaps() {
    ///     println!("nothing is known of {} to {}: {}", gap.from, gap.to, gap.reason);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn backfill(&self, domain: &str, from: impl Into<DateTime>, to: impl Into<DateTime>) -> Backfill {
        let now = self.clock.unix();
        let mut windows = Windows::new(from.into().unix_seconds(), to.into().unix_seconds());
        windows.end_by(now);
        let walk = Walk {
            mailersend: self.clone(),
            place: Place::Given(domain.to_owned()),
            windows,
            edge: HashSet::new(),
            crowded: None,
            failures: 0,
            unheard: None,
            heard: false,
            message_ids: None,
            is_over: false,
        };
        Backfill { flow: Flow::new(walk), gaps: Vec::new() }
    }
}

impl Backfill {
    /// Asks for each mail separately which message it is of: one more question for each mail, 60 a minute, instead of
    /// one for each hundred events. UNCERTAIN whether MailerSend tells it there: when the first few mails do not, no more
    /// are asked for, and an event whose mail cannot be asked for is without. The id is then also in the event's `raw`,
    /// which is written anew for it.
    ///
    /// Who kept the ids of the messages sent needs none of this: [`messages().get`](super::Messages::get) is one
    /// question for each message, is documented to tell the ids of its mails, and an event has the id of its mail.
    pub fn with_message_ids(mut self) -> Self {
        if let Some(walk) = self.flow.source() {
            walk.message_ids = Some(MessageIds::default());
        }
        self
    }

    /// The next event. May be dropped while it waits: nothing is lost, and the next call goes on.
    ///
    /// # Errors
    ///
    /// As MailerSend answers; the backfill ends then, and what is left is a gap.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// The parts of the time that could not be looked through, as far as it was read: in order, and joined where they
    /// touch.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            let Some(found) = std::task::ready!(self.flow.poll(context)) else { return Poll::Ready(None) };
            match found {
                Found::Event(event) => return Poll::Ready(Some(Ok(*event))),
                Found::Error(error) => return Poll::Ready(Some(Err(error))),
                Found::Gap { from, to, reason } => self.note(from, to, reason),
            }
        }
    }

    fn note(&mut self, from: i64, to: i64, reason: GapReason) {
        let (Some(from), Some(to)) = (DateTime::from_unix_seconds(from), DateTime::from_unix_seconds(to)) else {
            return;
        };
        match self.gaps.last_mut() {
            Some(last) if last.reason == reason && last.to == from => last.to = to,
            _ => self.gaps.push(Gap { from, to, reason }),
        }
    }
}

impl Stream for Backfill {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl fmt::Debug for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backfill").field("gaps", &self.gaps).finish_non_exhaustive()
    }
}

enum Found {
    /// Boxed: much larger than the others.
    Event(Box<Event>),
    Gap {
        from: i64,
        to: i64,
        reason: GapReason,
    },
    Error(Error),
}

/// Which domain.
enum Place {
    /// As it was given: a name or an id.
    Given(String),
    /// By its id.
    Id(String),
}

/// Where a backfill has come to.
struct Walk {
    mailersend: MailerSend,
    place: Place,
    windows: Windows,
    /// The events of the last second of the stretch before, which the next one may have again.
    edge: HashSet<String>,
    /// A second with more than a stretch may have: the next page of it, and what pages had.
    crowded: Option<(u32, Seen)>,
    /// Stretches in a row that could not be had.
    failures: u32,
    /// Why the last stretch could not be had.
    unheard: Option<Error>,
    /// Whether any stretch could be had.
    heard: bool,
    /// The messages of mails, when they are wanted.
    message_ids: Option<MessageIds>,
    is_over: bool,
}

/// Of which messages mails are.
#[derive(Default)]
struct MessageIds {
    known: HashMap<String, Option<String>>,
    /// Whether any mail told it.
    told: bool,
    /// Mails that did not.
    silent: u32,
}

/// What a page or a stretch has, newest first.
#[derive(Default)]
struct Activities {
    events: Vec<TrackingEvent>,
    /// Why one of them could not be read.
    unreadable: Option<String>,
}

/// What a stretch turned out to be.
enum Stretch {
    /// All of it.
    Whole(Activities),
    /// It has too many: about so many.
    TooMany(usize),
}

impl Source for Walk {
    type Item = Found;

    async fn more(&mut self) -> Option<Vec<Found>> {
        if self.is_over {
            return None;
        }
        let Some(window) = self.windows.next() else {
            self.is_over = true;
            // Gaps alone would pass for silence.
            return self.unheard.take().filter(|_| !self.heard).map(|error| vec![Found::Error(error)]);
        };
        let step = match self.domain_id().await {
            Ok(domain) if self.crowded.is_some() => self.crowded_page(&domain, window).await,
            Ok(domain) => self.stretch(&domain, window).await,
            Err(error) => return Some(self.stop(error)),
        };
        Some(match step {
            Ok(found) => {
                self.failures = 0;
                self.heard = true;
                found
            }
            Err(error) => self.failed(window, error),
        })
    }
}

impl Walk {
    /// The id of the domain, looked up once. A name has a dot, an id has none.
    async fn domain_id(&mut self) -> Result<String, Error> {
        let name = match &self.place {
            Place::Id(id) => return Ok(id.clone()),
            Place::Given(id) if !id.contains('.') => id.clone(),
            Place::Given(name) => {
                let mailersend = self.mailersend.for_domain(name)?;
                let domain = mailersend.domains().named(name).await?.ok_or_else(|| {
                    Error::new(ErrorKind::Rejected, format!("the account has no domain {name:?}"))
                        .with_remedy("check the name, and that the token is for this domain or for all of them")
                })?;
                self.mailersend = mailersend;
                domain.id
            }
        };
        self.place = Place::Id(name.clone());
        Ok(name)
    }

    async fn stretch(&mut self, domain: &str, window: (i64, i64)) -> Result<Vec<Found>, Error> {
        match self.read(domain, window).await? {
            Stretch::TooMany(expected) => {
                if !self.windows.shorten(expected) {
                    self.crowded = Some((1, Seen::default()));
                }
                Ok(Vec::new())
            }
            Stretch::Whole(mut activities) => {
                activities.events.reverse();
                activities.events.sort_by_key(|event| event.timestamp.map(|at| at.unix_micros()));
                let count = activities.events.len();
                let events = self.events(activities, window).await?;
                self.windows.done(window.1, count);
                Ok(events)
            }
        }
    }

    /// Every page of a stretch, as long as it is not too long.
    async fn read(&self, domain: &str, window: (i64, i64)) -> Result<Stretch, Error> {
        let question = question(domain, window)?;
        let (mut all, mut seen) = (Activities::default(), Seen::default());
        for page in 1.. {
            let (found, more) = self.page(&question, page, &mut seen).await?;
            all.events.extend(found.events);
            all.unreadable = all.unreadable.or(found.unreadable);
            if !more {
                break;
            }
            let (count, oldest) = (all.events.len(), all.events.last().and_then(|oldest| oldest.timestamp));
            let expected = oldest.map_or(0, |oldest| expected(window, count, oldest.unix_seconds()));
            if count >= MOST || (page == 1 && expected > MOST) {
                return Ok(Stretch::TooMany(expected.max(count.saturating_mul(2))));
            }
        }
        Ok(Stretch::Whole(all))
    }

    /// One page of a second that has too many for everything else.
    async fn crowded_page(&mut self, domain: &str, window: (i64, i64)) -> Result<Vec<Found>, Error> {
        let (page, mut seen) = self.crowded.take().unwrap_or((1, Seen::default()));
        let (activities, more) = self.page(&question(domain, window)?, page, &mut seen).await?;
        let edge = self.edge.clone();
        let mut found = self.events(activities, window).await?;
        self.edge.extend(edge);
        if more && page < activity::LIMITS.last {
            self.crowded = Some((page + 1, seen));
            return Ok(found);
        }
        if more {
            found.push(Found::Gap { from: window.0, to: window.1, reason: GapReason::TooMany });
        }
        self.windows.done(window.1, MOST);
        Ok(found)
    }

    /// What a page has that the one before had not, and whether there is another. A failure is looked at again, and a
    /// refusal is not.
    async fn page(&self, question: &Question, page: u32, seen: &mut Seen) -> Result<(Activities, bool), Error> {
        let mut attempt = 0;
        let Page { items, more } = loop {
            match fetch(&self.mailersend, question, page, activity::LIMITS.most).await {
                Ok(page) => break page,
                Err(error) => recover(error, &mut attempt).await?,
            }
        };
        // Whatever a link says, there is nothing after an empty page.
        let more = more && !items.is_empty();
        let mut activities = Activities::default();
        for item in items {
            match webhook::activity(item) {
                Ok(Event::Tracking(event)) => activities.events.push(event),
                Ok(_) => {}
                Err(cause) => activities.unreadable = Some(format!("an activity cannot be read: {cause}")),
            }
        }
        let id = |event: &TrackingEvent| event.event_id.clone().unwrap_or_default();
        let repeated = seen.page(activities.events.iter().map(id).collect())?;
        let mut repeated = repeated.into_iter();
        activities.events.retain(|event| !repeated.next().unwrap_or_default() || event.event_id.is_none());
        Ok((activities, more))
    }

    /// The events among activities that were not told before.
    async fn events(&mut self, activities: Activities, window: (i64, i64)) -> Result<Vec<Found>, Error> {
        let Activities { events, unreadable } = activities;
        let mut found = Vec::with_capacity(events.len());
        let mut seen = HashSet::with_capacity(events.len());
        let mut edge = HashSet::new();
        for mut event in events {
            let id = event.event_id.clone().unwrap_or_default();
            if event.timestamp.is_some_and(|at| at.unix_seconds() >= window.1) {
                edge.insert(id.clone());
            }
            let is_known = !id.is_empty() && (self.edge.contains(&id) || !seen.insert(id));
            // No webhook tells that a mail was queued, nor that it was `processed`, as that was called until 2023.
            if is_known || matches!(event.service_kind.as_str(), "queued" | "processed") {
                continue;
            }
            self.add_message_id(&mut event).await?;
            found.push(Found::Event(Box::new(Event::Tracking(event))));
        }
        if let Some(text) = unreadable {
            found.push(Found::Gap { from: window.0, to: window.1, reason: GapReason::Failed(text) });
        }
        self.edge = edge;
        Ok(found)
    }

    /// Writes into an event which message it is of, where that is wanted and not known.
    async fn add_message_id(&mut self, event: &mut TrackingEvent) -> Result<(), Error> {
        let Some(MessageIds { known, told, silent }) = &mut self.message_ids else { return Ok(()) };
        let (Some(id), None) = (&event.email_id, &event.message_id) else { return Ok(()) };
        if !known.contains_key(id) {
            if !*told && *silent >= SILENT {
                return Ok(());
            }
            let mut attempt = 0;
            let message_id = loop {
                let error = match self.mailersend.emails().get(id).await {
                    Ok(email) => {
                        *told |= email.message_id.is_some();
                        *silent += u32::from(!*told);
                        if *silent == SILENT && !*told {
                            tracing::warn!("MailerSend does not tell of which messages mails are; no more is asked");
                        }
                        break email.message_id;
                    }
                    Err(error) => error,
                };
                match recover(error, &mut attempt).await {
                    Ok(()) => {}
                    Err(error) if error.status() == Some(404) || error.kind() == ErrorKind::InvalidMessage => {
                        break None;
                    }
                    // Without the id it is still an event.
                    Err(error) if is_failure(&error) => {
                        tracing::warn!(%error, "of which message a mail is cannot be asked for");
                        break None;
                    }
                    Err(error) => return Err(error),
                }
            };
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(id.clone(), message_id);
        }
        if let Some(Some(message_id)) = known.get(id)
            && let Some(raw) = raw_with(&event.raw, message_id)
        {
            (event.raw, event.message_id) = (raw, Some(message_id.clone()));
        }
        Ok(())
    }

    /// What to do when a stretch cannot be had.
    fn failed(&mut self, (from, to): (i64, i64), error: Error) -> Vec<Found> {
        self.crowded = None;
        let text = error.to_string();
        let reason = if text.contains("data retention limit") {
            // The limit moves on with the clock; where it is not where it should be, the stretch is left out.
            let now = self.mailersend.clock.unix();
            let limit = retention_days(&text).map(|days| now.saturating_sub(days * 86_400).saturating_add(MARGIN));
            let to = limit.filter(|limit| *limit > from.saturating_add(MARGIN)).unwrap_or(to);
            let (_, end) = self.windows.left();
            let to = to.min(end);
            self.windows.skip_to(to);
            return vec![Found::Gap { from, to, reason: GapReason::Retention }];
        } else if is_failure(&error) {
            GapReason::Failed(text)
        } else if matches!(error.status(), Some(400 | 422)) {
            GapReason::Refused(text)
        } else {
            return self.stop(error);
        };
        self.failures += 1;
        if self.failures > 1 {
            return self.stop(error);
        }
        self.unheard = Some(error);
        self.windows.skip_to(to);
        vec![Found::Gap { from, to, reason }]
    }

    fn stop(&mut self, error: Error) -> Vec<Found> {
        self.is_over = true;
        let (from, to) = self.windows.left();
        vec![Found::Gap { from, to, reason: GapReason::Stopped }, Found::Error(error)]
    }
}

/// Waits after a failure until it may be asked again, a little later and not for ever; anything else is the error.
async fn recover(error: Error, attempt: &mut u32) -> Result<(), Error> {
    let wait = if is_failure(&error) { pause(*attempt) } else { None };
    let Some(wait) = wait else { return Err(error) };
    tokio::time::sleep(wait).await;
    *attempt += 1;
    Ok(())
}

/// An activity with the id of its message, where it is read again.
fn raw_with(raw: &Bytes, message_id: &str) -> Option<Bytes> {
    let mut activity: Value = serde_json::from_slice(raw).ok()?;
    let members = activity.as_object_mut()?;
    match members.get_mut("email") {
        Some(Value::Object(email)) => email.insert("message".to_owned(), json!({"id": message_id})),
        _ => members.insert("message_id".to_owned(), message_id.into()),
    };
    Some(Bytes::from(activity.to_string()))
}

/// Whether it may be better the next time, and soon.
fn is_failure(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Server | ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Unreadable)
        && error.retry() != Retry::Never
}

fn question(domain: &str, (from, to): (i64, i64)) -> Result<Question, Error> {
    let span = super::Span { from, to };
    activity::question(domain, &ActivityFilter::of(span))
}
