//! What happens to the account as a whole, and who is told of it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::upkeep::HOLD;
use super::{Service, State};
use crate::clock::{later, micro_time};
use crate::fault::Faults;
use crate::json;
use crate::live::Area;
use crate::settings::Settings;
use crate::suppression::{Entry, SuppressionList, Whom};
use crate::webhooks::EVENTS;
use crate::webhooks::delivery::Notice;

/// `email` and `on_hold_until` are known of it; whether there is more is UNCERTAIN (facts sheet 6.6).
#[derive(Serialize)]
struct OnHold<'a> {
    email: &'a str,
    on_hold_until: String,
}

impl Service {
    /// Changes which faults there are, and tells who watches.
    pub(crate) fn change_faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        let mut state = self.state();
        state.changes.touch(Area::Faults);
        change(&mut state.faults)
    }

    /// Tells webhooks of an event that the emulator does not make by itself; `false` when there is no such event.
    pub(crate) fn tell(&self, event: &str, data: &Value) -> bool {
        let Some(kind) = EVENTS.iter().find(|known| **known == event && !known.starts_with("activity.")) else {
            return false;
        };
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        state.announce(&self.settings, &Notice { kind, domain: None, data: json::compact(data) }, now);
        self.wake(&state);
        true
    }

    /// Puts `address` on `list` for all domains.
    pub(crate) fn suppress_everywhere(&self, list: SuppressionList, address: String) {
        self.put_on(list, Whom::Exact(address), None);
    }
}

impl State {
    /// Tells that somebody is held back, or not any longer.
    pub(crate) fn on_hold(&mut self, settings: &Settings, kind: &'static str, entry: &Entry, now: Timestamp) {
        let until = micro_time(later(entry.created_at, HOLD));
        let data = json::compact(&OnHold { email: entry.whom.text(), on_hold_until: until });
        self.announce(settings, &Notice { kind, domain: entry.domain.clone(), data }, now);
    }
}
