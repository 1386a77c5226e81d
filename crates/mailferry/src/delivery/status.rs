//! How far a mail came, in one word.

use std::fmt;

/// How far a mail came.
///
/// The order is the rank: a state only ever moves to a greater one. That is why it has no surprises: `Sent` that is told
/// after `Delivered` changes nothing, a mail that was delivered after a soft bounce is delivered, and one that bounced
/// for good after its recipient's server had taken it has bounced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// Nothing was told that says so.
    #[default]
    Unknown,
    /// The service accepted it.
    Queued,
    /// The service handed it on.
    Sent,
    /// The recipient's server asked to try later.
    Deferred,
    /// The recipient's server did not take it, for now.
    SoftBounced,
    /// The service could not send it.
    Failed,
    /// The service refused to send it.
    Rejected,
    /// The recipient's server took it.
    Delivered,
    /// The recipient's server did not take it, for good, or took it and sent it back.
    HardBounced,
}

impl DeliveryStatus {
    /// Every one of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Queued,
        Self::Sent,
        Self::Deferred,
        Self::SoftBounced,
        Self::Failed,
        Self::Rejected,
        Self::Delivered,
        Self::HardBounced,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::SoftBounced => "soft_bounced",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Delivered => "delivered",
            Self::HardBounced => "hard_bounced",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
