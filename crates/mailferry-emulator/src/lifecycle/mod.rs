//! What happens to each email after it is accepted, and the record of it.
//!
//! Everything that is to happen stands in an agenda, by the emulator's clock. The agenda is worked through when somebody
//! looks or when a webhook waits for it, in the order of its times; what is due happens at the time that it was due,
//! not at the time of looking.

mod activity;
mod agenda;
mod contact;
mod delays;
mod holding;
mod outcome;
mod reaction;
#[cfg(feature = "data")]
mod resume;
mod steps;

pub use self::activity::{Activity, ActivityKind};
pub(crate) use self::activity::{Detail, Letter, Occurrence, Planned, Sheet, Tracking};
pub(crate) use self::agenda::{Agenda, Job};
pub(crate) use self::contact::{Contact, Contacts};
pub(crate) use self::delays::Pace;
pub use self::delays::{Delay, Delays, InvalidDelay};
pub(crate) use self::holding::Holding;
pub use self::outcome::Outcome;
pub(crate) use self::outcome::Script;
pub use self::reaction::{Reaction, ReactionError};
