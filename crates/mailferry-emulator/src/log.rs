//! A list that forgets its oldest entries when it grows too large.

use std::collections::VecDeque;

use crate::settings::Memory;

/// Entries with a weight in bytes, never more of either than [`Memory`] allows.
#[derive(Debug)]
pub(crate) struct Log<T> {
    entries: VecDeque<(T, usize)>,
    bytes: usize,
    dropped: u64,
    memory: Memory,
}

impl<T> Log<T> {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, dropped: 0, memory }
    }

    /// Adds an entry and gives its number, by which it can be changed while it is remembered.
    ///
    /// The newest entry is kept even when it alone is too large.
    pub(crate) fn push(&mut self, entry: T, bytes: usize) -> u64 {
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.push_back((entry, bytes));
        while self.entries.len() > 1 && (self.entries.len() > self.memory.count || self.bytes > self.memory.bytes) {
            if let Some((_, bytes)) = self.entries.pop_front() {
                self.bytes = self.bytes.saturating_sub(bytes);
                self.dropped = self.dropped.saturating_add(1);
            }
        }
        self.dropped.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX)).saturating_sub(1)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = usize::try_from(number.checked_sub(self.dropped)?).ok()?;
        self.entries.get_mut(index).map(|(entry, _)| entry)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets everything. Numbers go on, so that an entry in work cannot change another.
    pub(crate) fn clear(&mut self) {
        self.dropped = self.dropped.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX));
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let mut log = Log::new(Memory { count: 3, bytes: 10 });
        let numbers: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|entry| log.push(entry, 1)).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
        assert_eq!(log.iter().copied().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert!(log.get_mut(0).is_none());
        assert_eq!(log.get_mut(3).copied(), Some("d"));
        log.push("e", 10);
        assert_eq!((log.iter().count(), log.dropped()), (1, 4));
    }
}
