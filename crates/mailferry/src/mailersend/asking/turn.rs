//! Waiting for room in a minute: whoever asked first goes first.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::super::budget::{Group, Leave};
use super::super::client::Token;
use crate::clock::Clock;

/// A line for each minute that questions wait for. Only who is at its head looks at the budget, and the others wait for
/// the head; a place is given up by waiting no longer.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    activity: Mutex<()>,
    other: Mutex<()>,
}

impl Lines {
    const fn of(&self, group: Group) -> &Mutex<()> {
        match group {
            Group::Activity => &self.activity,
            Group::Email | Group::Bulk | Group::Other => &self.other,
        }
    }
}

impl Token {
    /// Waits until a request may be made, which is then counted. Anything but [`Leave::Go`] is why not: the day is
    /// spent, or it would take longer than `patience`.
    pub(super) async fn turn(&self, group: Group, clock: &Clock, patience: Duration) -> Leave {
        let begun = Instant::now();
        let is_too_long = |wait: Duration| begun.elapsed().saturating_add(wait) > patience;
        let line = self.lines().of(group);
        let _head = if let Ok(head) = line.try_lock() {
            head
        } else {
            // No use to line up for what is known to take too long.
            match self.look(group, clock.unix()) {
                Leave::Wait(wait) if is_too_long(wait) => return Leave::Wait(wait),
                Leave::Spent(left) => return Leave::Spent(left),
                Leave::Wait(_) | Leave::Go => {}
            }
            let Ok(head) = timeout(patience, line.lock()).await else { return self.take(group, clock.unix()) };
            head
        };
        loop {
            match self.take(group, clock.unix()) {
                Leave::Wait(wait) if !is_too_long(wait) => {
                    tracing::debug!(milliseconds = wait.as_millis(), "waiting for the rate limit");
                    sleep(wait).await;
                }
                leave => return leave,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex as Noted};

    use super::*;
    use crate::secret::Secret;
    use crate::transport::Rate;

    const PATIENCE: Duration = Duration::from_mins(2);

    /// A token whose questions are held back for so long.
    fn held(hold: Duration) -> Token {
        let token = Token::new(Secret::new("token".to_owned()).expose()).unwrap();
        let rate = Rate { retry_after: Some(hold), limit: Some(100_000), ..Rate::default() };
        token.learn(Group::Other, &rate, 0);
        token
    }

    /// Who comes just when there is room again does not overtake those who waited for it.
    #[tokio::test]
    async fn nobody_is_overtaken() {
        let (token, clock) = (held(Duration::from_millis(20)), Clock::system());
        let (asked, gone) = (Arc::new(Noted::new(0)), Arc::new(Noted::new(Vec::new())));
        let ask = |name: usize| {
            let (token, clock) = (token.clone(), clock.clone());
            let (asked, gone) = (Arc::clone(&asked), Arc::clone(&gone));
            async move {
                *asked.lock().unwrap() += 1;
                assert_eq!(token.turn(Group::Other, &clock, PATIENCE).await, Leave::Go);
                gone.lock().unwrap().push(name);
            }
        };
        let waiting: Vec<_> = (0..300).map(|name| tokio::spawn(ask(name))).collect();
        // One thread: whoever has asked has lined up.
        while *asked.lock().unwrap() < 300 {
            tokio::task::yield_now().await;
        }
        while token.look(Group::Other, 0) != Leave::Go {}
        ask(300).await;
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*gone.lock().unwrap(), (0..=300).collect::<Vec<_>>());
    }

    /// Who no longer waits holds nobody up, at the head of the line or within it.
    #[tokio::test]
    async fn places_are_given_up() {
        let (token, clock) = (held(Duration::from_millis(20)), Clock::system());
        let ask = || {
            let (token, clock) = (token.clone(), clock.clone());
            tokio::spawn(async move { token.turn(Group::Other, &clock, PATIENCE).await })
        };
        let waiting: Vec<_> = (0..9).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        for number in [0, 1, 4, 8] {
            waiting[number].abort();
        }
        let mut gone = 0;
        for task in waiting {
            gone += u32::from(task.await.is_ok_and(|leave| leave == Leave::Go));
        }
        assert_eq!(gone, 5);
    }

    /// What takes too long is said at once, whoever waits before.
    #[tokio::test]
    async fn the_impatient_do_not_line_up() {
        let (token, clock) = (held(Duration::from_secs(50)), Clock::system());
        let patient = {
            let (token, clock) = (token.clone(), clock.clone());
            tokio::spawn(async move { token.turn(Group::Other, &clock, PATIENCE).await })
        };
        tokio::task::yield_now().await;
        for patience in [Duration::ZERO, Duration::from_secs(9)] {
            assert!(matches!(token.turn(Group::Other, &clock, patience).await, Leave::Wait(_)));
        }
        // Another group has a line of its own.
        assert_eq!(token.turn(Group::Activity, &clock, Duration::ZERO).await, Leave::Go);
        patient.abort();
    }

    /// However many ask at once, a minute has no more than its number, and the rest is told.
    #[tokio::test]
    async fn never_more_than_a_minute_has() {
        let (token, clock) = (held(Duration::ZERO), Clock::system());
        token.learn(Group::Other, &Rate { limit: Some(60), ..Rate::default() }, 0);
        let ask = || {
            let (token, clock) = (token.clone(), clock.clone());
            tokio::spawn(async move { token.turn(Group::Other, &clock, Duration::from_secs(1)).await })
        };
        let asked: Vec<_> = (0..500).map(|_| ask()).collect();
        let mut gone = 0;
        for task in asked {
            gone += u32::from(task.await.unwrap() == Leave::Go);
        }
        assert_eq!(gone, 60);
    }
}
