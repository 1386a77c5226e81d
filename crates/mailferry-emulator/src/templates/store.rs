//! The templates that an account has.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use super::{Folder, Source, Stored, Template};
use crate::id::is_hashid;
use crate::rules::is_blank;

/// More are refused as MailerSend refuses those that come too fast; where its own limit is, is UNCERTAIN.
const MOST_TEMPLATES: usize = 1_000;
const MOST_PREVIEWS: usize = 16;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The stored templates.
pub(crate) struct Store {
    /// Whether the account has only what it was started with and what was made since, so that other ids are refused.
    is_closed: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    list: Vec<Arc<Stored>>,
    folder: Option<Folder>,
    /// The ids of what was deleted: nobody believes in them any more.
    deleted: VecDeque<String>,
    /// The last previews, and how many there were.
    previews: VecDeque<Arc<str>>,
    previewed: u64,
    /// How often the list or what was deleted was changed.
    revision: u64,
}

/// What the `template_id` of a message stands for.
#[derive(Clone, Debug, Default)]
pub(crate) enum Chosen {
    /// No template, or an id that cannot be one, which counts as none (facts sheet 1.4, recorded for other ids).
    #[default]
    None,
    /// One that the emulator knows nothing about, and so believes in: it may have any default.
    Believed(String),
    Known(Arc<Stored>),
    Unknown,
}

impl Chosen {
    pub(crate) fn known(&self) -> Option<&Arc<Stored>> {
        match self {
            Self::Known(stored) => Some(stored),
            Self::None | Self::Believed(_) | Self::Unknown => None,
        }
    }
}

impl Store {
    /// Starts with `templates`, which are all unless they are `None`, and those of `folder`.
    pub(crate) fn new(templates: Option<Vec<Template>>, folder: Option<Folder>, now: Timestamp) -> Self {
        let is_closed = templates.is_some() || folder.is_some();
        let stored = |template| Arc::new(Stored::new(template, Source::Builder, now));
        let list = templates.into_iter().flatten().map(stored).collect();
        Self {
            is_closed,
            inner: Mutex::new(Inner {
                list,
                folder,
                deleted: VecDeque::new(),
                previews: VecDeque::new(),
                previewed: 0,
                revision: 0,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them, as they are now: those that it was started with, those made since, those of the folder.
    pub(crate) fn all(&self, now: Timestamp) -> Vec<Arc<Stored>> {
        let mut inner = self.inner();
        let Inner { list, folder, deleted, previews: _, previewed: _, revision: _ } = &mut *inner;
        let mut all = list.clone();
        let files = folder.as_mut().map(|folder| folder.all(now)).unwrap_or_default();
        all.extend(files.into_iter().filter(|stored| !deleted.contains(&stored.id)));
        all
    }

    /// The one called `id`, as it is now.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<Arc<Stored>> {
        let mut inner = self.inner();
        let Inner { list, folder, deleted, previews: _, previewed: _, revision: _ } = &mut *inner;
        if let Some(found) = list.iter().find(|stored| stored.id == id) {
            return Some(Arc::clone(found));
        }
        if deleted.iter().any(|deleted| deleted == id) {
            return None;
        }
        folder.as_mut()?.find(id, now)
    }

    /// What the message `root` names.
    pub(crate) fn choose(&self, root: &Value, now: Timestamp) -> Chosen {
        let Some(value) = root.get("template_id").filter(|id| !is_blank(id)) else { return Chosen::None };
        let id = value.as_str().unwrap_or_default();
        if let Some(stored) = self.find(id, now) {
            return Chosen::Known(stored);
        }
        if !self.is_closed && !self.inner().deleted.iter().any(|deleted| deleted == id) {
            return Chosen::Believed(id.to_owned());
        }
        if is_hashid(id) { Chosen::Unknown } else { Chosen::None }
    }

    /// Keeps `stored` in place of the one of the same id, or beside the others; `false` when there are too many.
    pub(crate) fn put(&self, stored: Stored) -> bool {
        let mut inner = self.inner();
        let others = inner.list.iter().filter(|known| known.id != stored.id);
        let (count, weight) = others.fold((0_usize, stored.weight()), |(count, weight), known| {
            (count.saturating_add(1), weight.saturating_add(known.weight()))
        });
        if count >= MOST_TEMPLATES || weight > MOST_BYTES {
            return false;
        }
        inner.revision = inner.revision.saturating_add(1);
        inner.deleted.retain(|deleted| *deleted != stored.id);
        let stored = Arc::new(stored);
        match inner.list.iter_mut().find(|known| known.id == stored.id) {
            Some(known) => *known = stored,
            None => inner.list.push(stored),
        }
        true
    }

    /// Keeps the HTML of a preview for a while; gives its number.
    pub(crate) fn keep_preview(&self, html: &str) -> u64 {
        let mut inner = self.inner();
        inner.previewed = inner.previewed.saturating_add(1);
        inner.previews.push_back(html.into());
        let weight = |previews: &VecDeque<Arc<str>>| previews.iter().map(|html| html.len()).sum::<usize>();
        while inner.previews.len() > 1 && (inner.previews.len() > MOST_PREVIEWS || weight(&inner.previews) > MOST_BYTES)
        {
            inner.previews.pop_front();
        }
        inner.previewed
    }

    /// The HTML of a preview, if it is kept.
    pub(crate) fn preview(&self, number: u64) -> Option<Arc<str>> {
        let inner = self.inner();
        let back = usize::try_from(inner.previewed.checked_sub(number)?).ok()?;
        let place = inner.previews.len().checked_sub(1)?.checked_sub(back)?;
        inner.previews.get(place).map(Arc::clone)
    }

    /// Deletes the one called `id`; the files of a folder stay, and are not looked at any more.
    pub(crate) fn delete(&self, id: &str, now: Timestamp) -> bool {
        let found = self.find(id, now).is_some();
        if found {
            let mut inner = self.inner();
            inner.revision = inner.revision.saturating_add(1);
            inner.list.retain(|stored| stored.id != id);
            if inner.deleted.len() >= MOST_TEMPLATES {
                inner.deleted.pop_front();
            }
            inner.deleted.push_back(id.to_owned());
        }
        found
    }
}
/// For the file that templates are kept in.
#[cfg(feature = "data")]
impl Store {
    pub(crate) fn revision(&self) -> u64 {
        self.inner().revision
    }

    /// What was made while the emulator ran, and the ids of what was deleted.
    pub(crate) fn made(&self) -> (Vec<Arc<Stored>>, Vec<String>) {
        let inner = self.inner();
        let is_made = |stored: &&Arc<Stored>| matches!(stored.source, Source::Api | Source::Page);
        (inner.list.iter().filter(is_made).map(Arc::clone).collect(), inner.deleted.iter().cloned().collect())
    }

    /// Goes on from what a file has. What the emulator was started with is there, even if it was deleted before.
    pub(crate) fn restore(&self, made: Vec<Arc<Stored>>, deleted: Vec<String>) {
        let mut inner = self.inner();
        inner.list.retain(|known| !made.iter().any(|made| made.id == known.id));
        inner.list.extend(made);
        let is_there = |id: &String| inner.list.iter().any(|known| known.id == *id);
        inner.deleted = deleted.into_iter().filter(|id| !is_there(id)).collect();
    }
}
