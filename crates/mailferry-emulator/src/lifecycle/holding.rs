//! Who is held back because mail to them bounces softly, again and again.

use std::collections::HashMap;

use super::activity::Letter;

/// Nobody else is counted beyond so many.
const MOST: usize = 100_000;

/// Soft bounces in a row, by domain and recipient.
#[derive(Debug)]
pub(crate) struct Holding {
    /// After how many somebody is held back; `None`: never.
    pub(crate) after: Option<u32>,
    bounces: HashMap<(String, String), u32>,
}

impl Holding {
    pub(crate) fn new(after: Option<u32>) -> Self {
        Self { after, bounces: HashMap::new() }
    }

    /// A mail came back; `true` when its recipient is to be held back now, and counted from the start again.
    pub(super) fn bounced(&mut self, letter: &Letter) -> bool {
        let Some(after) = self.after else { return false };
        let key = key(letter);
        if !self.bounces.contains_key(&key) && self.bounces.len() >= MOST {
            return false;
        }
        let bounces = self.bounces.entry(key.clone()).or_default();
        *bounces = bounces.saturating_add(1);
        let is_enough = *bounces >= after;
        if is_enough {
            self.bounces.remove(&key);
        }
        is_enough
    }

    /// A mail got there.
    pub(super) fn delivered(&mut self, letter: &Letter) {
        if !self.bounces.is_empty() {
            self.bounces.remove(&key(letter));
        }
    }

    /// Who has how many, to be kept.
    #[cfg(feature = "data")]
    pub(crate) fn counted(&self) -> Vec<(&(String, String), u32)> {
        self.bounces.iter().map(|(key, bounces)| (key, *bounces)).collect()
    }

    #[cfg(feature = "data")]
    pub(crate) fn restore(&mut self, counted: Vec<((String, String), u32)>) {
        self.bounces = counted.into_iter().take(MOST).collect();
    }

    pub(crate) fn clear(&mut self) {
        self.bounces.clear();
    }
}

fn key(letter: &Letter) -> (String, String) {
    (letter.sheet.domain.clone(), letter.recipient.to_ascii_lowercase())
}
