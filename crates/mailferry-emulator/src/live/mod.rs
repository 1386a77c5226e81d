//! What changes, told to those who listen as it happens: `GET /_emulator/live`.
//!
//! Whoever changes something marks it, under the lock that the change is made under:
//!
//! ```text
//! state.changes.touch(Area::Templates);           // something of an area is another: its panel asks again
//! state.mark(&letter);                            // an email has a new status or interaction
//! state.changes.removed(stored.emails.iter()…);   // emails are gone
//! state.changes.reset();                          // so much is another that all is to be asked for again
//! ```
//!
//! What a request changes by its path ([`Area::changed_by`]) is marked by the server. Marks cost next to nothing while nobody listens. While somebody does, one task makes one frame of all marks, at most
//! every 250 milliseconds, once for all listeners. Who does not keep up loses frames, and is told to ask for everything
//! again; nothing is kept for them.

mod changes;
mod frame;
mod hub;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub(crate) use self::changes::{Area, Changes};
pub(crate) use self::hub::{Hub, Listener, NoListener};
use crate::service::Service;

/// How long frames are apart at least, in real time.
const APART: Duration = Duration::from_millis(250);
/// How often something is sent to those who listen, so that connections that are gone are noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The longest sleep: a clock of the machine that was set is noticed after it.
const MOST_SLEEP: Duration = Duration::from_mins(1);

impl Service {
    /// Listens from now on. `last` is the number of the last frame that the listener has seen, if it comes back.
    pub(crate) fn listen(&self, last: Option<&str>) -> Result<Listener, NoListener> {
        let mut state = self.state();
        let total = state.messages.emails();
        let listener =
            self.live.add(last, self.settings.http_limits.listeners, |number| frame::hello(number, total))?;
        state.changes.listen(true);
        Ok(listener)
    }

    /// When something is to happen that listeners want to hear of.
    fn next_change(&self) -> Option<Duration> {
        if self.live.is_empty() {
            return None;
        }
        let next = self.state().next_step()?;
        self.clock.until(next).map(|until| until.min(MOST_SLEEP))
    }
}

/// Makes frames until `stop` changes or its sender is dropped; then all listening ends.
pub(crate) async fn run(service: Arc<Service>, mut stop: watch::Receiver<()>) {
    let mut moved = service.clock.moved();
    let mut keep_alive = tokio::time::interval(KEEP_ALIVE);
    loop {
        let next = service.next_change();
        tokio::select! {
            () = service.live.touched() => {}
            Ok(()) = moved.changed() => {}
            () = tokio::time::sleep(next.unwrap_or_default()), if next.is_some() => {}
            _ = keep_alive.tick() => {
                service.live.send(&frame::keep_alive());
                continue;
            }
            _ = stop.changed() => break,
        }
        if service.live.is_empty() {
            let mut state = service.state();
            // Nobody may have come in between.
            if service.live.is_empty() {
                state.changes.listen(false);
            }
            continue;
        }
        if let Some(frame) = service.frame() {
            service.live.send(&frame);
            tokio::select! {
                () = tokio::time::sleep(APART) => {}
                _ = stop.changed() => break,
            }
        }
    }
    service.live.close();
}
