//! Keeping everything in a SQLite file, so that it survives a restart.
//!
//! The emulator works in memory and the file follows: one task looks at what changed, at most every [`PAUSE`], and writes it
//! in one transaction. A kill loses what happened since the last one, and nothing by halves. What the memory forgets goes
//! from the file, too.
//!
//! [`file`] opens the file, [`tables`] has all SQL, [`batch`] says what is written, [`forms`] in which form,
//! [`restore`] puts it back.

mod account;
mod batch;
mod error;
mod file;
mod forms;
mod restore;
mod tables;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::account::Account;
use self::batch::Watch;
pub use self::error::DataError;
use self::file::File;
use crate::clock::Clock;
use crate::service::{Service, State};

/// How long changes are collected before they are written.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a file that cannot be written is left alone, at first and at most.
const LEAVE_ALONE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// An open file, and what it has of the account.
pub(crate) struct Kept {
    file: File,
    account: Account,
}

impl Kept {
    /// Opens the file, if there is to be one, or makes it.
    pub(crate) async fn open(path: Option<PathBuf>) -> Result<Option<Self>, DataError> {
        let Some(path) = path else { return Ok(None) };
        let mut file = File::open(&path).await?;
        let account = Account::read(&mut file).await?;
        Ok(Some(Self { file, account }))
    }

    /// The token that was made up when the file was new, which is `made_up` if that is now.
    pub(crate) fn token(&mut self, made_up: String) -> &str {
        self.account.token.get_or_insert(made_up)
    }

    /// Puts back everything but what grows with the number of mails.
    pub(crate) fn restore_account(&mut self, state: &mut State, clock: &Clock) {
        self.account.restore(state, clock);
    }

    /// Puts back the rest, and opens the doors.
    pub(crate) async fn load(kept: Option<Self>, service: &Service) -> Result<Option<Keeper>, DataError> {
        let Some(Self { mut file, mut account }) = kept else { return Ok(None) };
        let loaded = restore::read(&mut file).await?;
        let watch = {
            let mut state = service.state();
            // From here on what is forgotten, because there is too much of it by now, goes from the file.
            let mut watch = Watch::new(&mut state, account.token.take());
            let (made, deleted) = std::mem::take(&mut account.templates);
            service.templates.restore(made, deleted);
            loaded.put(&mut state, service, &account);
            watch.knows(&state);
            watch
        };
        service.keeping.loaded();
        Ok(Some(Keeper { file, watch }))
    }
}

/// What writes the file.
pub(crate) struct Keeper {
    file: File,
    watch: Watch,
}

impl Keeper {
    /// Writes changes until `stop` changes or its sender is dropped, and then once more.
    pub(crate) async fn run(mut self, service: Arc<Service>, mut stop: watch::Receiver<()>) {
        let [mut wait, most] = LEAVE_ALONE;
        let mut is_going_on = true;
        while is_going_on {
            let is_behind = self.watch.is_behind();
            let due = async {
                if !is_behind {
                    service.keeping.touched().await;
                }
                // What failed is tried again, whatever happens meanwhile.
                tokio::time::sleep(if is_behind { wait } else { PAUSE }).await;
            };
            is_going_on = tokio::select! {
                () = due => true,
                _ = stop.changed() => false,
            };
            wait = if self.write(&service).await { LEAVE_ALONE[0] } else { wait.saturating_mul(2).min(most) };
        }
        self.file.close().await;
    }

    /// Writes what changed; `false` when that failed.
    async fn write(&mut self, service: &Service) -> bool {
        let batch = {
            let mut state = service.quietly();
            service.keeping.taken();
            let now = service.clock.now();
            state.catch_up(&service.settings, now);
            self.watch.batch(&mut state, service, now)
        };
        let Some(batch) = batch else { return true };
        match self.file.write(&batch).await {
            Ok(()) => {
                self.watch.written(batch);
                if service.keeping.goes_well() {
                    tracing::warn!("everything is kept in the file again");
                }
                true
            }
            Err(error) => {
                self.watch.failed(&mut service.quietly());
                if service.keeping.fails(service.clock.now(), error.reason()) {
                    tracing::error!(
                        "{error}; the emulator goes on in memory, and what happens from now on is lost when it ends, \
                         unless the file can be written again: {}",
                        error.remedy()
                    );
                }
                false
            }
        }
    }
}
