//! Marks of what has changed since the last frame.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Notify;

use crate::lifecycle::Letter;
use crate::mailbox::Place;
use crate::service::{State, StoredMessage};

/// With more emails than these in one frame, listeners ask for the list instead.
const MOST_EMAILS: usize = 400;
const MOST_REMOVED: usize = 1_000;

/// A part of the inspection other than the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Area {
    Requests,
    Deliveries,
    Suppressions,
    Templates,
    Webhooks,
    Routes,
    Faults,
    Account,
    Inbound,
}

impl Area {
    /// What a request that was not only a question has changed, by its path in the API or below `/_emulator`.
    pub(crate) fn changed_by(target: &str) -> Option<Self> {
        let path = target.split('?').next().unwrap_or_default();
        let mut parts = path.split('/').filter(|part| !part.is_empty()).skip(1);
        Some(match parts.next()? {
            "webhooks" if parts.next() == Some("deliveries") => Self::Deliveries,
            "webhooks" => Self::Webhooks,
            "suppressions" => Self::Suppressions,
            // A look at what a draft would be changes nothing.
            "templates" if parts.next() == Some("preview") => return None,
            "templates" => Self::Templates,
            "inbound" => Self::Routes,
            "faults" => Self::Faults,
            "account" | "domains" | "clock" => Self::Account,
            _ => return None,
        })
    }
}

/// What has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(super) emails: BTreeSet<Place>,
    pub(super) removed: Vec<String>,
    pub(super) areas: BTreeSet<Area>,
    /// Whether everything is to be asked for again.
    pub(super) reset: bool,
}

/// The marks, and whether anybody wants them.
pub(crate) struct Changes {
    is_heard: bool,
    marks: Marks,
    touched: Arc<Notify>,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self { is_heard: false, marks: Marks::default(), touched: Arc::default() }
    }

    /// What is notified of each mark.
    pub(crate) fn notify(&self) -> Arc<Notify> {
        Arc::clone(&self.touched)
    }

    /// Whether somebody listens from now on.
    pub(super) fn listen(&mut self, is_heard: bool) {
        self.is_heard = is_heard;
        if !is_heard {
            self.marks = Marks::default();
        }
    }

    fn mark(&mut self, mark: impl FnOnce(&mut Marks)) {
        if self.is_heard {
            mark(&mut self.marks);
            self.touched.notify_one();
        }
    }

    /// Something of `area` is another.
    pub(crate) fn touch(&mut self, area: Area) {
        self.mark(|marks| {
            marks.areas.insert(area);
        });
    }

    /// The email at `place` is new, or another.
    pub(crate) fn email(&mut self, place: Place) {
        self.mark(|marks| {
            marks.emails.insert(place);
            if marks.emails.len() > MOST_EMAILS {
                marks.emails.clear();
                marks.reset = true;
            }
        });
    }

    /// Messages are gone, with their emails.
    pub(crate) fn removed<'a>(&mut self, messages: impl IntoIterator<Item = &'a StoredMessage>) {
        self.mark(|marks| {
            let ids = messages.into_iter().flat_map(|stored| stored.emails.iter()).map(|email| email.id.clone());
            marks.removed.extend(ids);
            if marks.removed.len() > MOST_REMOVED {
                marks.removed = Vec::new();
                marks.reset = true;
            }
        });
    }

    /// So much is another that everything is to be asked for again.
    pub(crate) fn reset(&mut self) {
        self.mark(|marks| marks.reset = true);
    }

    /// All marks since the last time, if there are any.
    pub(super) fn take(&mut self) -> Option<Marks> {
        let marks = std::mem::take(&mut self.marks);
        (marks != Marks::default()).then_some(marks)
    }
}

impl State {
    /// The email of `letter` has a new status, or something happened to it.
    pub(crate) fn mark(&mut self, letter: &Letter) {
        if self.changes.is_heard
            && let Some(place) = self.messages.place(&letter.email_id)
        {
            self.changes.email(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_they_change() {
        let check = |target, area| assert_eq!(Area::changed_by(target), area, "{target}");
        check("/v1/webhooks/abc?x=1", Some(Area::Webhooks));
        check("/_emulator/webhooks/deliveries/1/resend", Some(Area::Deliveries));
        check("/_emulator/inbound/routes", Some(Area::Routes));
        check("/v1/domains/abc/settings", Some(Area::Account));
        check("/_emulator/templates/preview", None);
        check("/_emulator/templates/0r83ql3jjz4zw1jm", Some(Area::Templates));
        check("/v1/email", None);
        check("/", None);
    }

    #[test]
    fn marks_are_kept_while_somebody_listens() {
        let mut changes = Changes::new();
        changes.touch(Area::Requests);
        changes.email(Place { message: 1, position: 0 });
        assert_eq!(changes.take(), None);
        changes.listen(true);
        changes.touch(Area::Requests);
        changes.touch(Area::Account);
        changes.touch(Area::Requests);
        let marks = changes.take().unwrap();
        assert_eq!(marks.areas.into_iter().collect::<Vec<_>>(), [Area::Requests, Area::Account]);
        assert_eq!(changes.take(), None);
        changes.reset();
        changes.listen(false);
        assert_eq!(changes.take(), None);
    }

    #[test]
    fn marks_are_not_kept_without_end() {
        let mut changes = Changes::new();
        changes.listen(true);
        for message in 0..10_000 {
            changes.email(Place { message, position: 0 });
        }
        let marks = changes.take().unwrap();
        assert!(marks.reset && marks.emails.len() <= MOST_EMAILS);
    }
}
