//! What is done to the account from outside: maintenance, pauses, and entries of suppression lists.

use jiff::Timestamp;

use super::{Service, State};
use crate::id;
use crate::lifecycle::Job;
use crate::live::Area;
use crate::settings::Settings;
use crate::suppression::{Entry, SuppressionList, Whom};
use crate::webhooks::delivery::Notice;
use crate::{clock::later, json};

/// How long the service holds somebody back (facts sheet 6.2: three days).
pub(crate) const HOLD: std::time::Duration = std::time::Duration::from_hours(72);

/// A maintenance that is planned or under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    /// Tells it from those that were planned before it.
    number: u32,
}

impl Service {
    /// Starts or ends maintenance, and tells every domain's webhooks. What was planned is off.
    pub(crate) fn set_maintenance(&self, on: bool) {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        state.window = None;
        state.maintain(&self.settings, on, now);
        self.wake(&state);
    }

    /// Plans a maintenance in place of any that was planned; `false` when it would not end after it starts, or has
    /// ended already.
    pub(crate) fn plan_maintenance(&self, start: Timestamp, end: Timestamp) -> bool {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        if end <= start || end <= now {
            return false;
        }
        state.plan_maintenance(start, end);
        drop(state);
        drop(self.caught_up(now));
        true
    }

    /// Pauses or resumes sending from `domain`. What was held back is sent when it is resumed.
    pub(crate) fn set_paused(&self, domain: &str, paused: bool) {
        let name = domain.to_ascii_lowercase();
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        state.domain_id(&name);
        state.changes.touch(Area::Account);
        if paused {
            state.paused_domains.insert(name);
        } else {
            state.paused_domains.remove(&name);
        }
        drop(state);
        drop(self.caught_up(now));
    }

    /// Puts `whom` on `list`, of one domain or of all.
    pub(crate) fn put_on(&self, list: SuppressionList, whom: Whom, domain: Option<&str>) -> Entry {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        let domain = domain.map(str::to_ascii_lowercase);
        if let Some(domain) = &domain {
            state.domain_id(domain);
        }
        let entry = state.put_on(&self.settings, list, whom, domain, now);
        self.wake(&state);
        entry
    }

    /// Takes the entry `id` off its list; `false` when there is none.
    pub(crate) fn take_off(&self, id: &str) -> bool {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        let there = state.take_entry(&self.settings, id, now);
        self.wake(&state);
        there
    }
}

impl State {
    /// Starts or ends maintenance, and tells every domain's webhooks.
    fn maintain(&mut self, settings: &Settings, on: bool, at: Timestamp) {
        if self.maintenance == on {
            return;
        }
        self.maintenance = on;
        self.changes.touch(Area::Account);
        let kind = if on { "maintenance.start" } else { "maintenance.end" };
        let names: Vec<String> = self.domains.iter().map(|(_, name)| name.clone()).collect();
        for name in names {
            let data = json::compact(&serde_json::json!({"domain_id": id::domain(&name)}));
            self.announce(settings, &Notice { kind, domain: Some(name), data }, at);
        }
    }

    /// Plans a maintenance in place of any other.
    pub(crate) fn plan_maintenance(&mut self, start: Timestamp, end: Timestamp) {
        let number = self.window.map_or(0, |window| window.number.wrapping_add(1));
        self.window = Some(Window { start, end, number });
        self.changes.touch(Area::Account);
        self.plan_window();
    }

    /// Puts the planned maintenance on the agenda.
    pub(super) fn plan_window(&mut self) {
        if let Some(Window { start, end, number }) = self.window {
            self.agenda.add(start, Job::Maintain { on: true, window: number });
            self.agenda.add(end, Job::Maintain { on: false, window: number });
        }
    }

    /// A planned maintenance starts or ends, unless another was planned since.
    pub(crate) fn maintain_as_planned(&mut self, settings: &Settings, on: bool, window: u32, at: Timestamp) {
        if self.window.is_some_and(|planned| planned.number == window) {
            if !on {
                self.window = None;
            }
            self.maintain(settings, on, at);
        }
    }

    /// Puts `whom` on `list`. Whoever is held back comes off the list by themselves when the time is over.
    pub(crate) fn put_on(
        &mut self,
        settings: &Settings,
        list: SuppressionList,
        whom: Whom,
        domain: Option<String>,
        now: Timestamp,
    ) -> Entry {
        let known = self.entries.len();
        let entry = self.suppress(list, whom, domain, now);
        if list == SuppressionList::OnHold && self.entries.len() > known {
            self.agenda.add(later(now, HOLD), Job::OffHold(entry.id.clone()));
            self.on_hold(settings, "recipient.on_hold_added", &entry, now);
        }
        entry
    }

    /// Takes the entry `id` off its list; `false` when there is none.
    pub(crate) fn take_entry(&mut self, settings: &Settings, id: &str, now: Timestamp) -> bool {
        let Some(position) = self.entries.iter().position(|entry| entry.id == id) else { return false };
        let entry = self.entries.remove(position);
        self.changes.touch(Area::Suppressions);
        if entry.list == SuppressionList::OnHold {
            self.on_hold(settings, "recipient.on_hold_removed", &entry, now);
        }
        true
    }
}
