//! How the command ends, as a number for scripts.

use std::process::ExitCode;

use mailferry::transport::{Error, ErrorKind, Retry};

/// What the exit code says. The order is that of the codes: of several messages, the highest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All was sent, or otherwise went well.
    Done = 0,
    /// Anything that has no code of its own.
    Other = 1,
    /// The command was used wrongly, or a setting is missing or wrong.
    Usage = 2,
    /// A message was refused before anything was sent, or what was given cannot be read.
    Refused = 3,
    /// The service refused a message, or every recipient of it.
    RefusedByService = 4,
    /// Nothing was sent, and it may be tried again later.
    Later = 5,
    /// A message may have been sent, or is sent in part.
    Unknown = 6,
}

/// The table for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  sent (or: all is well)
  1  anything that is not below
  2  wrong usage, or a setting is missing or wrong
  3  refused before sending: nothing was sent (or: input that cannot be read)
  4  refused by the service
  5  try again later: nothing was sent
  6  it is not known whether it was sent: look before sending again
Of several messages the highest code counts.";

impl Exit {
    /// What an error amounts to.
    pub(crate) fn of(error: &Error) -> Self {
        if error.retry() == Retry::Ambiguous {
            return Self::Unknown;
        }
        match error.kind() {
            ErrorKind::Config => Self::Usage,
            ErrorKind::InvalidAddress
            | ErrorKind::InvalidMessage
            | ErrorKind::Unsupported
            | ErrorKind::Serialization
            | ErrorKind::Cancelled => Self::Refused,
            // What was given, and not what a service answered.
            ErrorKind::Unreadable if error.retry() == Retry::Never => Self::Refused,
            ErrorKind::Refused | ErrorKind::Unauthorized | ErrorKind::Rejected => Self::RefusedByService,
            // The last three are ambiguous for a send, which is decided above; a question may always be asked again.
            ErrorKind::RateLimited
            | ErrorKind::Quota
            | ErrorKind::Maintenance
            | ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Server
            | ErrorKind::Unreadable => Self::Later,
            _ => Self::Other,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_a_send_has_its_documented_code() {
        for (kind, code) in [
            (ErrorKind::Hook, 1),
            (ErrorKind::Config, 2),
            (ErrorKind::InvalidAddress, 3),
            (ErrorKind::InvalidMessage, 3),
            (ErrorKind::Unsupported, 3),
            (ErrorKind::Serialization, 3),
            (ErrorKind::Cancelled, 3),
            (ErrorKind::Refused, 4),
            (ErrorKind::Unauthorized, 4),
            (ErrorKind::Rejected, 4),
            (ErrorKind::RateLimited, 5),
            (ErrorKind::Quota, 5),
            (ErrorKind::Maintenance, 5),
            (ErrorKind::Connect, 5),
            (ErrorKind::Timeout, 6),
            (ErrorKind::Server, 6),
            (ErrorKind::Unreadable, 6),
        ] {
            assert_eq!(Exit::of(&Error::new(kind, "x")) as u8, code, "{}", kind.as_str());
        }
        assert_eq!(ErrorKind::ALL.len(), 17, "a new kind needs a code");
    }

    #[test]
    fn what_is_sent_in_part_is_never_to_be_tried_again_unasked() {
        let error = Error::new(ErrorKind::RateLimited, "x").with_retry(Retry::Ambiguous);
        assert_eq!(Exit::of(&error), Exit::Unknown);
        let asked = Error::new(ErrorKind::Timeout, "x").with_retry(Retry::Safe(None));
        assert_eq!(Exit::of(&asked), Exit::Later);
    }

    #[test]
    fn what_was_given_and_cannot_be_read_is_refused() {
        let error = Error::new(ErrorKind::Unreadable, "x").with_retry(Retry::Never);
        assert_eq!(Exit::of(&error), Exit::Refused);
    }
}
