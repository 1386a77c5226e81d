//! A list that forgets its oldest entries when it grows too large.

use std::collections::VecDeque;

use crate::changes::Changes;
use crate::settings::Memory;

/// Entries with a weight in bytes, never more of either than [`Memory`] allows.
#[derive(Debug)]
pub(crate) struct Log<T> {
    /// With the number and the weight of each; numbers grow.
    entries: VecDeque<(u64, T, usize)>,
    next: u64,
    bytes: usize,
    dropped: u64,
    memory: Memory,
    /// By the numbers of entries.
    changes: Changes<u64>,
}

impl<T> Log<T> {
    pub(crate) fn new(memory: Memory) -> Self {
        Self { entries: VecDeque::new(), next: 0, bytes: 0, dropped: 0, memory, changes: Changes::default() }
    }

    /// Adds an entry and gives its number, by which it can be changed while it is remembered.
    ///
    /// The newest entry is kept even when it alone is too large.
    pub(crate) fn push(&mut self, entry: T, bytes: usize) -> u64 {
        self.push_over(entry, bytes, |_, _| {})
    }

    /// Adds an entry as [`push`](Log::push) does, and shows what is forgotten for it.
    pub(crate) fn push_over(&mut self, entry: T, bytes: usize, forgotten: impl FnMut(u64, T)) -> u64 {
        self.bytes = self.bytes.saturating_add(bytes);
        let number = self.next;
        self.next = number.saturating_add(1);
        self.entries.push_back((number, entry, bytes));
        self.changes.note(number);
        self.fit(forgotten);
        number
    }

    fn fit(&mut self, mut forgotten: impl FnMut(u64, T)) {
        while self.entries.len() > 1 && (self.entries.len() > self.memory.count || self.bytes > self.memory.bytes) {
            if let Some((number, entry, bytes)) = self.entries.pop_front() {
                self.changes.note(number);
                self.bytes = self.bytes.saturating_sub(bytes);
                self.dropped = self.dropped.saturating_add(1);
                forgotten(number, entry);
            }
        }
    }

    /// The entry `number` has become so much larger.
    pub(crate) fn grow(&mut self, number: u64, bytes: usize) {
        let Ok(index) = self.position(number) else { return };
        self.changes.note(number);
        if let Some((_, _, weight)) = self.entries.get_mut(index) {
            *weight = weight.saturating_add(bytes);
            self.bytes = self.bytes.saturating_add(bytes);
        }
        self.fit(|_, _| {});
    }

    /// Where the entry `number` is, or where it would be.
    fn position(&self, number: u64) -> Result<usize, usize> {
        // So far from the first one, unless some in between were taken out.
        let first = self.entries.front().map_or(number, |(first, _, _)| *first);
        let index = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        if self.entries.get(index).is_some_and(|(known, _, _)| *known == number) {
            return Ok(index);
        }
        self.entries.binary_search_by_key(&number, |(known, _, _)| *known)
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.entries.get(self.position(number).ok()?).map(|(_, entry, _)| entry)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = self.position(number).ok()?;
        self.changes.note(number);
        self.entries.get_mut(index).map(|(_, entry, _)| entry)
    }

    /// The entries up to `number`, that one included, with their numbers; oldest first.
    pub(crate) fn up_to(&self, number: u64) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        let end = self.position(number).map_or_else(|end| end, |found| found.saturating_add(1));
        self.entries.range(..end).map(|(number, entry, _)| (*number, entry))
    }

    /// Takes out the entry `number`. It does not count as forgotten.
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        let index = self.position(number).ok()?;
        let (_, entry, bytes) = self.entries.remove(index)?;
        self.changes.note(number);
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(entry)
    }

    /// Takes out everything. It does not count as forgotten.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = T> {
        self.bytes = 0;
        self.changes.note_all(self.entries.iter().map(|(number, _, _)| *number));
        std::mem::take(&mut self.entries).into_iter().map(|(_, entry, _)| entry)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter().map(|(_, entry, _)| entry)
    }

    /// How many entries there are, and how many bytes they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }

    /// The number that the next entry gets.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets everything. Numbers go on, so that an entry in work cannot change another.
    pub(crate) fn clear(&mut self) {
        self.dropped = self.dropped.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX));
        self.changes.note_all(self.entries.iter().map(|(number, _, _)| *number));
        self.entries.clear();
        self.bytes = 0;
    }
}

/// For the file that entries are kept in.
#[cfg(feature = "data")]
impl<T> Log<T> {
    pub(crate) fn changes(&mut self) -> &mut Changes<u64> {
        &mut self.changes
    }

    /// An entry and its weight.
    pub(crate) fn weighed(&self, number: u64) -> Option<(&T, usize)> {
        self.entries.get(self.position(number).ok()?).map(|(_, entry, bytes)| (entry, *bytes))
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|(number, _, _)| *number)
    }

    /// The number of the next entry, and how many were forgotten.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.next, self.dropped)
    }

    /// Becomes what a file has: entries in the order of their numbers, with their weights. What is too much by today's
    /// measure is forgotten.
    pub(crate) fn restore(&mut self, (next, dropped): (u64, u64), entries: impl Iterator<Item = (u64, T, usize)>) {
        self.entries = entries.collect();
        self.bytes = self.entries.iter().fold(0, |sum, (_, _, bytes)| sum.saturating_add(*bytes));
        // A number is never given twice, whatever the file says.
        let above = self.entries.back().map_or(0, |(number, _, _)| number.saturating_add(1));
        self.next = next.max(above).max(self.next);
        self.dropped = dropped;
        self.fit(|_, _| {});
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
        assert_eq!(log.up_to(2).collect::<Vec<_>>(), [(1, &"b"), (2, &"c")]);
        assert_eq!(log.take(2), Some("c"));
        assert_eq!(log.up_to(2).collect::<Vec<_>>(), [(1, &"b")]);
        assert_eq!((log.get_mut(2).is_none(), log.get_mut(3).copied(), log.bytes), (true, Some("d"), 2));
        log.push("e", 7);
        log.grow(4, 3);
        assert_eq!((log.iter().count(), log.dropped()), (1, 3));
        let mut forgotten = Vec::new();
        log.push_over("f", 1, |number, entry| forgotten.push((number, entry)));
        assert_eq!((forgotten, log.dropped()), (vec![(4, "e")], 4));
        assert_eq!((log.take_all().collect::<Vec<_>>(), log.bytes, log.dropped()), (vec!["f"], 0, 4));
    }
}
