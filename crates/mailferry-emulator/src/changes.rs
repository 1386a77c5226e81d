//! What changed since somebody last wrote it down.

use std::collections::BTreeSet;

/// The keys of entries that came, changed or went. Nothing is noted until somebody wants to know.
#[derive(Clone, Debug)]
pub(crate) struct Changes<K>(Option<BTreeSet<K>>);

impl<K> Default for Changes<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Ord> Changes<K> {
    /// The entry `key` is not what it was.
    pub(crate) fn note(&mut self, key: K) {
        if let Some(noted) = &mut self.0 {
            noted.insert(key);
        }
    }

    /// As [`note`](Self::note), for keys that are made only if somebody wants them.
    pub(crate) fn note_all(&mut self, keys: impl Iterator<Item = K>) {
        if let Some(noted) = &mut self.0 {
            noted.extend(keys);
        }
    }
}

#[cfg(feature = "data")]
impl<K: Ord> Changes<K> {
    /// Notes changes from now on.
    pub(crate) fn watch(&mut self) {
        self.0 = Some(BTreeSet::new());
    }

    /// Notes nothing any more, so that changes nobody takes do not pile up.
    pub(crate) fn ignore(&mut self) {
        self.0 = None;
    }

    /// What was noted since the last time.
    pub(crate) fn take(&mut self) -> BTreeSet<K> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
