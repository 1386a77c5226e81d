//! Which faults there are, and which one is met.

use std::collections::VecDeque;

use super::{Fault, FaultOn, FaultRule, InvalidFault};
use crate::id::mix;

/// The most rules at once: every request is held against each of them.
const MOST_RULES: usize = 100;
/// How far the numbers that decide are apart before they are mixed.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A rule that an emulator has, and how often it was met.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActiveFault {
    /// Its number, by which it is deleted. They start again with a reset only.
    pub id: u64,
    /// What it does.
    pub rule: FaultRule,
    /// What its decisions come from.
    pub seed: u64,
    /// How many more meet it; `None`: any number.
    pub left: Option<u64>,
    /// How many it has looked at.
    pub looked_at: u64,
    /// How many have met it.
    pub met: u64,
}

impl ActiveFault {
    /// Whether it can still happen.
    pub fn is_active(&self) -> bool {
        self.left != Some(0)
    }

    /// Whether what passes now is one of those that meet it.
    fn decides(&mut self) -> bool {
        let count = self.looked_at;
        self.looked_at = count.saturating_add(1);
        self.rule.share.is_none_or(|share| chance(self.seed, count) < share)
    }
}

/// A number from 0 to below 1 that depends on nothing but `seed` and `count`.
fn chance(seed: u64, count: u64) -> f64 {
    let number = mix(seed.wrapping_add(count.wrapping_add(1).wrapping_mul(STEP)));
    let upper = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    f64::from(upper) / (f64::from(u32::MAX) + 1.0)
}

/// Every fault that waits for something to happen to.
pub(crate) struct Faults {
    seed: u64,
    /// What is there at the start, and again after a reset.
    initial: Vec<FaultRule>,
    queued: VecDeque<Fault>,
    rules: Vec<ActiveFault>,
    next: u64,
}

impl Faults {
    /// Rules that have no seed get theirs from `seed`.
    ///
    /// # Errors
    ///
    /// When one of them cannot be, or there are too many.
    pub(crate) fn new(seed: u64, initial: Vec<FaultRule>) -> Result<Self, InvalidFault> {
        let mut faults = Self { seed, initial: Vec::new(), queued: VecDeque::new(), rules: Vec::new(), next: 0 };
        for rule in &initial {
            faults.add(*rule)?;
        }
        faults.initial = initial;
        Ok(faults)
    }

    /// The next one that it can happen to meets `fault`, before any rule is asked.
    pub(crate) fn queue(&mut self, fault: Fault) {
        self.queued.push_back(fault);
    }

    /// Those that are used once, in their order.
    pub(crate) fn queued(&self) -> impl Iterator<Item = Fault> {
        self.queued.iter().copied()
    }

    pub(crate) fn rules(&self) -> &[ActiveFault] {
        &self.rules
    }

    /// Adds a rule. When there is no room, the oldest that cannot happen any longer is forgotten.
    ///
    /// # Errors
    ///
    /// When it cannot be, or there is no room.
    pub(crate) fn add(&mut self, rule: FaultRule) -> Result<ActiveFault, InvalidFault> {
        rule.check()?;
        if self.rules.len() >= MOST_RULES {
            let Some(spent) = self.rules.iter().position(|known| !known.is_active()) else {
                return Err(InvalidFault::new(format!("there are {MOST_RULES} faults already: delete some first")));
            };
            self.rules.remove(spent);
        }
        let id = self.next;
        self.next = id.saturating_add(1);
        // Small enough for the numbers of JavaScript.
        let own = mix(self.seed.wrapping_add(id.wrapping_mul(STEP))) >> 32;
        let left = rule.limit();
        let active = ActiveFault { id, rule, seed: rule.seed.unwrap_or(own), left, looked_at: 0, met: 0 };
        self.rules.push(active);
        Ok(active)
    }

    /// Deletes the rule `id`; `false` when there is none.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    /// Nothing goes wrong any longer.
    pub(crate) fn clear(&mut self) {
        self.queued.clear();
        self.rules.clear();
    }

    /// Everything is as it was at the start, so that what follows meets what it would have met then.
    pub(crate) fn reset(&mut self) {
        self.clear();
        self.next = 0;
        for rule in self.initial.clone() {
            // What could be added once can be added again.
            let _ = self.add(rule);
        }
    }

    /// The fault that what passes now meets: the first that is queued for it, else the first rule that is certain, else
    /// the first whose share it belongs to. Every rule that looks at it counts it, whichever is met.
    pub(crate) fn meet(&mut self, passing: FaultOn) -> Option<Fault> {
        let queued = self.queued.iter().position(|fault| fault.fits(passing));
        if let Some(fault) = queued.and_then(|at| self.queued.remove(at)) {
            return Some(fault);
        }
        let mut found: Option<&mut ActiveFault> = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.is_active() && rule.rule.fits(passing)) {
            let is_better = found.as_ref().is_none_or(|found| found.rule.share.is_some() && rule.rule.share.is_none());
            if rule.decides() && is_better {
                found = Some(rule);
            }
        }
        let found = found?;
        found.met = found.met.saturating_add(1);
        found.left = found.left.map(|left| left.saturating_sub(1));
        Some(found.rule.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: FaultOn = FaultOn::Email;

    fn met(faults: &mut Faults, count: usize) -> Vec<bool> {
        (0..count).map(|_| faults.meet(REQUEST).is_some()).collect()
    }

    #[test]
    fn a_seed_decides_the_same_way_each_time_and_again_after_a_reset() {
        let rule = FaultRule::new(Fault::Reset).share(0.3);
        let run = |seed| {
            let mut faults = Faults::new(seed, vec![rule]).unwrap();
            (met(&mut faults, 200), faults)
        };
        let (first, mut faults) = run(7);
        assert_eq!(first, run(7).0);
        assert_ne!(first, run(8).0);
        let share = first.iter().filter(|met| **met).count();
        assert!((40..=80).contains(&share), "{share} of 200");
        assert_eq!(faults.rules()[0].met, share as u64);
        faults.reset();
        assert_eq!(met(&mut faults, 200), first);
        // The seed that is shown brings it back, too.
        let seed = faults.rules()[0].seed;
        let mut other = Faults::new(99, vec![rule.seed(seed)]).unwrap();
        assert_eq!(met(&mut other, 200), first);
    }

    #[test]
    fn rules_do_not_change_each_others_decisions() {
        let share = FaultRule::new(Fault::Reset).share(0.5).seed(1);
        let mut alone = Faults::new(0, vec![share]).unwrap();
        let expected: Vec<_> = (0..50).map(|_| alone.meet(REQUEST)).collect();
        let mut both = Faults::new(0, vec![share, FaultRule::new(Fault::RateLimit).next(3)]).unwrap();
        // What is certain comes first, and is not used up by what is not.
        let met: Vec<_> = (0..50).map(|_| both.meet(REQUEST)).collect();
        assert_eq!(met[..3], [Some(Fault::RateLimit); 3]);
        assert_eq!(met[3..], expected[3..]);
    }

    #[test]
    fn only_what_fits_is_met() {
        let rules = vec![
            FaultRule::new(Fault::WebhookLost).on(FaultOn::Inbound),
            FaultRule::new(Fault::Status(503)).on(FaultOn::Reading).next(2),
        ];
        let mut faults = Faults::new(0, rules).unwrap();
        faults.queue(Fault::WebhookDuplicated);
        assert_eq!(faults.meet(FaultOn::Email), None);
        assert_eq!(faults.meet(FaultOn::Webhooks), Some(Fault::WebhookDuplicated));
        assert_eq!(faults.meet(FaultOn::Webhooks), None);
        assert_eq!(faults.meet(FaultOn::Inbound), Some(Fault::WebhookLost));
        assert_eq!(faults.meet(FaultOn::Inbound), None);
        let reading: Vec<_> = (0..3).map(|_| faults.meet(FaultOn::Reading)).collect();
        assert_eq!(reading, [Some(Fault::Status(503)), Some(Fault::Status(503)), None]);
        let counts: Vec<_> = faults.rules().iter().map(|rule| (rule.met, rule.left, rule.is_active())).collect();
        assert_eq!(counts, [(1, Some(0), false), (2, Some(0), false)]);
    }

    #[test]
    fn there_is_room_for_new_rules_where_old_ones_are_spent() {
        let rule = FaultRule::new(Fault::Reset);
        let mut faults = Faults::new(0, vec![rule; MOST_RULES]).unwrap();
        assert!(faults.add(rule).is_err());
        faults.meet(REQUEST);
        assert_eq!(faults.add(rule).unwrap().id, 100);
        assert_eq!((faults.rules().len(), faults.rules()[0].id), (MOST_RULES, 1));
        assert!(faults.remove(1) && !faults.remove(1));
    }
}
