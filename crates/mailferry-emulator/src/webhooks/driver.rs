//! The task that posts what is due, whenever the emulator's clock says so.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::outbox::{Delivery, Waiting};
use super::post::{Failure, Poster};
use crate::live::Area;
use crate::service::Service;

/// The longest sleep: a clock of the machine that was set is noticed after it.
const MOST_SLEEP: Duration = Duration::from_mins(1);

/// How the driver is reached.
#[derive(Default)]
pub(crate) struct Dispatch {
    pub(crate) poster: Poster,
    work: Notify,
    progress: Notify,
}

impl Dispatch {
    /// Makes the driver look at the outbox.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }
}

impl Service {
    /// Every attempt to post something that is remembered, oldest first.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state().outbox.deliveries().collect()
    }

    /// Posts a delivery again; `false` when it is not remembered.
    pub(crate) fn resend(&self, number: u64) -> bool {
        let mut state = self.state();
        let found = state.outbox.resend(number, self.clock.now());
        self.wake(&state);
        found
    }

    /// Waits until everything that is due by now was posted, and answered or given up.
    pub(crate) async fn settled(&self) {
        loop {
            let mut progress = pin!(self.dispatch.progress.notified());
            // From here on no progress is missed.
            progress.as_mut().enable();
            if self.is_settled() {
                return;
            }
            progress.await;
        }
    }

    fn is_settled(&self) -> bool {
        let now = self.clock.now();
        self.caught_up(now).outbox.is_idle(now)
    }
}

/// Posts until `stop` changes or its sender is dropped. Until the first parcel it only waits.
pub(crate) async fn run(service: Arc<Service>, mut stop: watch::Receiver<()>) {
    let mut moved = service.clock.moved();
    let mut posts = JoinSet::new();
    loop {
        let now = service.clock.now();
        let next = {
            let mut state = service.state();
            state.catch_up(&service.settings, now);
            while let Some(waiting) = state.outbox.take(now) {
                posts.spawn(post(Arc::clone(&service), waiting));
            }
            state.next_delivery()
        };
        let sleep = next.and_then(|next| service.clock.until(next)).map(|until| until.min(MOST_SLEEP));
        tokio::select! {
            Some(done) = posts.join_next(), if !posts.is_empty() => {
                if let Ok((waiting, outcome)) = done {
                    service.answered(waiting, outcome);
                }
            }
            () = service.dispatch.work.notified() => {}
            Ok(()) = moved.changed() => {}
            () = tokio::time::sleep(sleep.unwrap_or_default()), if sleep.is_some() => {}
            _ = stop.changed() => break,
        }
    }
}

async fn post(service: Arc<Service>, waiting: Waiting) -> (Waiting, Result<u16, Failure>) {
    let parcel = &waiting.parcel;
    let within = service.settings.webhook_timeout;
    let outcome = service.dispatch.poster.post(&parcel.url, &waiting.secret(), parcel.body.clone(), within).await;
    (waiting, outcome)
}

impl Service {
    fn answered(&self, waiting: Waiting, outcome: Result<u16, Failure>) {
        let now = self.clock.now();
        let mut state = self.state();
        let answered = state.outbox.answered(waiting, outcome, now);
        state.changes.touch(Area::Deliveries);
        state.note_delivery(&self.settings, &answered, now);
        if let Some(notice) = answered.lost {
            state.announce(&self.settings, &notice, now);
        }
        drop(state);
        self.dispatch.progress.notify_waiters();
    }
}
