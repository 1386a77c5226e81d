//! What a message may ask for and a service may be unable to do.

use std::fmt;

/// Something a message asks for that a service cannot express.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Feature {
    /// More than one visible sender.
    MultipleFrom,
    /// More than one address for answers.
    MultipleReplyTo,
    /// A `To` header that shows another recipient than the real one.
    SpoofedTo,
    /// An extra header, by its name.
    Header(String),
    /// An address for bounces.
    EnvelopeSender,
    /// Data returned with events.
    Metadata,
    /// Data returned with events, by recipient.
    MergeMetadata,
    /// Headers by recipient.
    MergeHeaders,
    /// A batch to several recipients while nothing says how it may be sent.
    BatchWithoutMode,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MultipleFrom => f.write_str("multiple from emails"),
            Self::MultipleReplyTo => f.write_str("multiple reply_to emails"),
            Self::SpoofedTo => f.write_str("spoofing `To` header"),
            Self::Header(name) => write!(f, "extra header `{}`", name.escape_debug()),
            Self::EnvelopeSender => f.write_str("envelope_sender"),
            Self::Metadata => f.write_str("metadata"),
            Self::MergeMetadata => f.write_str("merge_metadata"),
            Self::MergeHeaders => f.write_str("merge_headers"),
            Self::BatchWithoutMode => f.write_str("batch_send_mode"),
        }
    }
}
