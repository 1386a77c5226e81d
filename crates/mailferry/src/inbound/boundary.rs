//! The lines that separate the parts of a multipart body.

use std::collections::HashMap;

/// The boundaries of all multiparts that are open, from the outermost inwards.
#[derive(Debug, Default)]
pub(super) struct Boundaries {
    levels: HashMap<Vec<u8>, usize>,
}

/// A line that is a delimiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// Of which open part, counted from the outermost.
    pub(super) level: usize,
    /// Whether it says that no more parts follow.
    pub(super) is_last: bool,
}

impl Boundaries {
    pub(super) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Watches for the boundary of the part at `level`. False when a part around it has the same: then its lines are
    /// that one's.
    pub(super) fn open(&mut self, boundary: &[u8], level: usize) -> bool {
        if self.levels.contains_key(boundary) {
            return false;
        }
        self.levels.insert(boundary.to_vec(), level);
        true
    }

    pub(super) fn close(&mut self, boundary: &[u8]) {
        self.levels.remove(boundary);
    }

    /// Whether a line is a delimiter of an open part.
    pub(super) fn hit(&self, line: &[u8]) -> Option<Hit> {
        let text = line.strip_prefix(b"--")?;
        let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        let text = text.get(..end)?;
        if let Some(&level) = self.levels.get(text) {
            return Some(Hit { level, is_last: false });
        }
        let level = *self.levels.get(text.strip_suffix(b"--")?)?;
        Some(Hit { level, is_last: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_delimit() {
        let mut boundaries = Boundaries::default();
        assert!(boundaries.open(b"one", 0) && boundaries.open(b"two", 1) && !boundaries.open(b"one", 2));
        let hit = |level, is_last| Some(Hit { level, is_last });
        for (line, expected) in [
            ("--one", hit(0, false)),
            ("--two--", hit(1, true)),
            ("--two-- \t", hit(1, true)),
            ("--one \t", hit(0, false)),
            ("--onetwo", None),
            ("-- one", None),
            ("--", None),
            ("----", None),
            ("one", None),
        ] {
            assert_eq!(boundaries.hit(line.as_bytes()), expected, "{line:?}");
        }
        boundaries.close(b"one");
        assert_eq!(boundaries.hit(b"--one"), None);
    }
}
