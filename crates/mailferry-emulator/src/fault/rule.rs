//! A fault, and whom it meets: the next few, or a share of all.

use std::error::Error;
use std::fmt;

use super::{Fault, MOST_DELAY, grammar};

/// One in a million.
const LEAST_SHARE: f64 = 0.000_001;

/// What a [`FaultRule`] looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FaultOn {
    /// Every request to the API; for faults about posts, everything that is posted to a receiver.
    #[default]
    Any,
    /// `POST /v1/email`.
    Email,
    /// `POST /v1/bulk-email`.
    Bulk,
    /// Every `GET`.
    Reading,
    /// Every other request: those that change or delete something.
    Changing,
    /// Events that are posted to webhooks.
    Webhooks,
    /// Mails that inbound routes post.
    Inbound,
}

impl FaultOn {
    pub(super) const ALL: [Self; 7] =
        [Self::Any, Self::Email, Self::Bulk, Self::Reading, Self::Changing, Self::Webhooks, Self::Inbound];

    /// Its name in flags and over HTTP: `any`, `email`…
    pub fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Email => "email",
            Self::Bulk => "bulk",
            Self::Reading => "reading",
            Self::Changing => "changing",
            Self::Webhooks => "webhooks",
            Self::Inbound => "inbound",
        }
    }

    /// What a request to the API is.
    pub(crate) fn request(method: &str, path: &str) -> Self {
        match (method, path.trim_end_matches('/')) {
            ("POST", "/v1/email") => Self::Email,
            ("POST", "/v1/bulk-email") => Self::Bulk,
            ("GET" | "HEAD", _) => Self::Reading,
            _ => Self::Changing,
        }
    }

    pub(super) fn is_about_posts(self) -> bool {
        matches!(self, Self::Webhooks | Self::Inbound)
    }
}

/// A [`Fault`] with what it meets.
///
/// It can be read from text, as the flag `--fault` of the command takes it: `rate_limit`, `status=503*3`,
/// `answer_lost:5%`, `slow=2s:10%@email`. After the fault stand, in any order, `*` and how many times, `:` and a share,
/// `@` and what it looks at. `503` is short for `status=503`.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::{Fault, FaultOn, FaultRule};
///
/// let rule = FaultRule::new(Fault::AnswerLost).share(0.05).on(FaultOn::Email).seed(7);
/// assert_eq!(rule.to_string(), "answer_lost:5%@email");
/// assert_eq!("503*3".parse::<FaultRule>()?, FaultRule::new(Fault::Status(503)).next(3));
/// # Ok::<(), mailferry_emulator::InvalidFault>(())
/// ```
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultRule {
    pub(super) fault: Fault,
    pub(super) on: FaultOn,
    pub(super) times: Option<u64>,
    pub(super) share: Option<f64>,
    pub(super) seed: Option<u64>,
}

impl FaultRule {
    /// The next request, or what is posted next, meets `fault`.
    pub fn new(fault: Fault) -> Self {
        Self { fault, on: FaultOn::Any, times: None, share: None, seed: None }
    }

    /// So many meet it. By default one does, or with a [share](FaultRule::share) any number.
    pub fn next(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// So many of all meet it: 0.000001 at least, and 1 for every one.
    ///
    /// Which ones is decided by the seed and by how many the rule has looked at, so the same requests in the same order
    /// meet the same faults again; however many come at once, as many of the first hundred meet it.
    pub fn share(self, share: f64) -> Self {
        Self { share: Some(share), ..self }
    }

    /// Looks only at these.
    pub fn on(self, on: FaultOn) -> Self {
        Self { on, ..self }
    }

    /// Decides by this seed. By default each rule has its own, made from [`Builder::fault_seed`](crate::Builder::fault_seed).
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// What goes wrong.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// What it looks at.
    pub fn looks_at(&self) -> FaultOn {
        self.on
    }

    /// How many of all meet it; `None` where every one does that it looks at.
    pub fn share_of_all(&self) -> Option<f64> {
        self.share
    }

    /// The most that meet it; `None`: any number.
    pub(super) fn limit(&self) -> Option<u64> {
        self.times.or(self.share.is_none().then_some(1))
    }

    pub(super) fn fits(&self, passing: FaultOn) -> bool {
        self.fault.fits(passing) && (self.on == FaultOn::Any || self.on == passing)
    }

    /// Whether it can ever happen.
    pub(super) fn check(&self) -> Result<(), InvalidFault> {
        let Self { fault, on, times, share, seed: _ } = self;
        if fault.status().is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(InvalidFault::new("a status is a number from 200 to 599: write status=503"));
        }
        if fault.delay().is_some_and(|delay| delay > MOST_DELAY) {
            let word = fault.word();
            return Err(InvalidFault::new(format!("{word} takes 24 hours at most: write {word}=2s")));
        }
        if share.is_some_and(|share| !(LEAST_SHARE..=1.0).contains(&share)) {
            return Err(InvalidFault::new("a share is 0.0001% at least and 100% at most: write reset:5%"));
        }
        if *times == Some(0) {
            return Err(InvalidFault::new("a fault that meets none is no fault: write reset*1"));
        }
        if *on != FaultOn::Any && fault.is_about_posts() != on.is_about_posts() {
            let (what, words) = if fault.is_about_posts() {
                ("what is posted to receivers", grammar::words(FaultOn::is_about_posts))
            } else {
                ("requests to the API", grammar::words(|on| !on.is_about_posts()))
            };
            let (fault, on) = (fault.word(), on.word());
            return Err(InvalidFault::new(format!(
                "{fault} happens to {what}, not to {on}: write @ and one of {words}"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for FaultRule {
    /// As it is written in a flag, without the seed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, on, times, share, seed: _ } = self;
        write!(f, "{fault}")?;
        if let Some(share) = share {
            write!(f, ":{}%", grammar::percent(*share))?;
        }
        if let Some(times) = times {
            write!(f, "*{times}")?;
        }
        if *on == FaultOn::Any { Ok(()) } else { write!(f, "@{}", on.word()) }
    }
}

/// A fault that cannot be: why, and what to write in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFault(String);

impl InvalidFault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidFault {}
