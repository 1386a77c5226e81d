//! Whether what the emulator remembers is in a file, too, and how that goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{Notify, watch};

/// How keeping goes. Without a file nothing ever happens to it.
pub(crate) struct Keeping {
    has_file: bool,
    is_loaded: watch::Sender<bool>,
    trouble: Mutex<Option<Trouble>>,
    /// Whether anything may have changed since the file was last written.
    is_touched: AtomicBool,
    work: Notify,
}

/// Why the file is not written at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) since: Timestamp,
    pub(crate) reason: String,
}

/// As health and the account show it. Where the file is, is not everybody's business.
#[derive(Serialize)]
pub(crate) struct ShownKeeping {
    /// `loading`, `kept`, or `failing`.
    state: &'static str,
    /// Since when it fails.
    since: Option<String>,
    /// Why it fails.
    trouble: Option<String>,
}

impl Keeping {
    /// Nothing is kept.
    pub(crate) fn in_memory() -> Self {
        Self::new(false)
    }

    /// Everything is kept in a file, which has to be read first.
    #[cfg(feature = "data")]
    pub(crate) fn in_file() -> Self {
        Self::new(true)
    }

    fn new(has_file: bool) -> Self {
        Self {
            has_file,
            is_loaded: watch::Sender::new(!has_file),
            trouble: Mutex::default(),
            is_touched: AtomicBool::new(false),
            work: Notify::new(),
        }
    }

    /// Whether requests can be answered: everything that a file had is there again.
    pub(crate) fn is_ready(&self) -> bool {
        *self.is_loaded.borrow()
    }

    /// Waits until [`is_ready`](Self::is_ready).
    pub(crate) async fn ready(&self) {
        if self.has_file {
            // An error would be that the sender is gone, which is here.
            let _ = self.is_loaded.subscribe().wait_for(|loaded| *loaded).await;
        }
    }

    /// Notes that something may change. Who says so holds the state.
    pub(crate) fn touch(&self) {
        if self.has_file && !self.is_touched.swap(true, Ordering::Relaxed) {
            self.work.notify_one();
        }
    }

    /// What people are shown, if there is a file.
    pub(crate) fn shown(&self) -> Option<ShownKeeping> {
        if !self.has_file {
            return None;
        }
        let trouble = self.trouble().clone();
        let state = match &trouble {
            Some(_) => "failing",
            None if self.is_ready() => "kept",
            None => "loading",
        };
        let since = trouble.as_ref().map(|trouble| trouble.since.to_string());
        Some(ShownKeeping { state, since, trouble: trouble.map(|trouble| trouble.reason) })
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "data")]
impl Keeping {
    /// Lets requests in.
    pub(crate) fn loaded(&self) {
        self.is_loaded.send_replace(true);
    }

    /// Waits until something may have changed.
    pub(crate) async fn touched(&self) {
        self.work.notified().await;
    }

    /// Takes note that the present state is being written. Who says so holds the state.
    pub(crate) fn taken(&self) {
        self.is_touched.store(false, Ordering::Relaxed);
    }

    /// The file cannot be written. `true` when that is new.
    pub(crate) fn fails(&self, since: Timestamp, reason: String) -> bool {
        let mut trouble = self.trouble();
        let is_new = trouble.is_none();
        let since = trouble.as_ref().map_or(since, |trouble| trouble.since);
        *trouble = Some(Trouble { since, reason });
        is_new
    }

    /// The file is written again. `true` when it was not.
    pub(crate) fn goes_well(&self) -> bool {
        self.trouble().take().is_some()
    }
}
