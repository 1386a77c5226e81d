//! Long lists, a page at a time.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use serde_json::Value;

use super::super::MailerSend;
use super::super::response::unreadable;
use super::ask::{ASK_AGAIN, Question};
use super::flow::{Flow, Source};
use super::items::items;
use crate::transport::{Error, ErrorKind, Retry};

/// What a list has: read from whatever came, so that one odd item does not lose the others.
pub trait Record: Send + Unpin + 'static {
    /// Reads one; what is missing or odd is left out.
    fn read(raw: Value) -> Self;

    /// What tells it from the others; empty when the service gave none.
    fn id(&self) -> &str;
}

/// A list of the service, fetched a page at a time as it is read. A [`Stream`], which needs no crate for streams: see
/// [`next`](Self::next) and [`all`](Self::all).
///
/// The memory it takes is that of a page or two. It ends after the first error, of which one is that the same pages come
/// again and again. A list may shift while it is read, when it
/// begins with what is newest: items that a page repeats from the page before are left out, so each is seen once as
/// long as less than a page arrives between two pages. What is deleted meanwhile can make others be missed.
///
/// ```no_run
/// # async fn list(mailersend: mailferry::MailerSend) -> Result<(), mailferry::transport::Error> {
/// // Not run: it would ask MailerSend.
/// let mut templates = mailersend.templates().list(None);
/// while let Some(template) = templates.next().await {
///     println!("{}", template?.name);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until it is read"]
pub struct Pages<T: Record> {
    flow: Flow<List<T>>,
}

impl<T: Record> Pages<T> {
    pub(super) fn new(mailersend: &MailerSend, question: Question) -> Self {
        Self::limited(mailersend, Ok(question), Limits::USUAL)
    }

    /// The same for a list with limits of its own, or one that cannot be asked for, which is said when it is read.
    pub(super) fn limited(mailersend: &MailerSend, question: Result<Question, Error>, limits: Limits) -> Self {
        Self {
            flow: Flow::new(List {
                mailersend: mailersend.clone(),
                next: Some(question.map(|question| (question, 1))),
                limits,
                size: limits.most,
                seen: Seen::default(),
                kind: PhantomData,
            }),
        }
    }

    /// Sets how many items to ask for at a time: the most that the service gives unless set, which takes the fewest
    /// requests. Brought within what it accepts, which is 10 to 100, and for emails to 1,000. Without effect once
    /// reading has begun.
    pub fn page_size(mut self, items: u32) -> Self {
        if let Some(list) = self.flow.source() {
            list.size = items.clamp(SMALLEST_PAGE, list.limits.most);
        }
        self
    }

    /// The next item. May be dropped while it waits: nothing is lost, and the next call goes on.
    ///
    /// # Errors
    ///
    /// As the service answers; the list ends then. Asking again is safe unless it was refused.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|context| self.flow.poll(context)).await
    }

    /// Everything that is left, however much it is.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next): what was read before is lost with it.
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item?);
        }
        Ok(items)
    }
}

impl<T: Record> Stream for Pages<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.flow.poll(context)
    }
}

impl<T: Record> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

const SMALLEST_PAGE: u32 = 10;

/// What the service gives of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Items on a page.
    pub(super) most: u32,
    /// The last page there can be.
    pub(super) last: u32,
}

impl Limits {
    const USUAL: Self = Self { most: 100, last: u32::MAX };
}

/// How often a list may show nothing but what it has shown before. More may have arrived in front of it meanwhile, but
/// not again and again.
const STALE: u32 = 3;

/// What pages had, by which it is noticed that they repeat.
#[derive(Debug, Default)]
pub(super) struct Seen {
    first: HashSet<String>,
    before: HashSet<String>,
    stale: u32,
}

impl Seen {
    /// Takes what identifies the items of a page, and says which of them the page before had too. An error when the
    /// list goes round in circles.
    pub(super) fn page(&mut self, keys: Vec<String>) -> Result<Vec<bool>, Error> {
        let repeated: Vec<bool> = keys.iter().map(|key| self.before.contains(key)).collect();
        if !keys.is_empty() && keys.iter().all(|key| self.before.contains(key) || self.first.contains(key)) {
            self.stale += 1;
        }
        if self.stale > STALE {
            return Err(Error::new(ErrorKind::Unreadable, "the same page came again and again: the list has no end")
                .with_retry(Retry::Safe(None))
                .with_remedy(ASK_AGAIN));
        }
        self.before = keys.into_iter().collect();
        if self.first.is_empty() {
            self.first.clone_from(&self.before);
        }
        Ok(repeated)
    }
}

/// Where reading a list has come to.
struct List<T> {
    mailersend: MailerSend,
    /// What to ask and for which page, or why it cannot be asked; nothing after the last page or an error.
    next: Option<Result<(Question, u32), Error>>,
    limits: Limits,
    size: u32,
    seen: Seen,
    kind: PhantomData<fn() -> T>,
}

impl<T: Record> List<T> {
    async fn page(&mut self, question: Question, page: u32) -> Result<Vec<T>, Error> {
        if page > self.limits.last {
            let text = format!("MailerSend shows no page after the {}th", self.limits.last);
            return Err(Error::new(ErrorKind::Rejected, text).with_remedy("ask for less: a shorter range of dates"));
        }
        let Page { items: bodies, more } = fetch(&self.mailersend, &question, page, self.size).await?;
        let read = |body: &Bytes| T::read(serde_json::from_slice(body).unwrap_or_default());
        let items: Vec<T> = bodies.iter().map(read).collect();
        // What has no id is told from other things by all that it is.
        let key = |(item, body): (&T, &Bytes)| match item.id() {
            "" => String::from_utf8_lossy(body).into_owned(),
            id => id.to_owned(),
        };
        let repeated = self.seen.page(items.iter().zip(&bodies).map(key).collect())?;
        // Whatever a link says, there is nothing after an empty page.
        if more && !items.is_empty() {
            self.next = Some(Ok((question, page.saturating_add(1))));
        }
        let news = items.into_iter().zip(repeated).filter(|(item, repeated)| !repeated || item.id().is_empty());
        Ok(news.map(|(item, _)| item).collect())
    }
}

impl<T: Record> Source for List<T> {
    type Item = Result<T, Error>;

    async fn more(&mut self) -> Option<Vec<Self::Item>> {
        let items = match self.next.take()? {
            Ok((question, page)) => self.page(question, page).await,
            Err(error) => Err(error),
        };
        Some(match items {
            Ok(items) => items.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }
}

/// A page of a list.
pub(super) struct Page {
    /// Its items as they came, each in memory of its own, so that one that is kept does not keep the others.
    pub(super) items: Vec<Bytes>,
    /// Whether another page is promised.
    pub(super) more: bool,
}

/// One page.
pub(super) async fn fetch(mailersend: &MailerSend, question: &Question, page: u32, size: u32) -> Result<Page, Error> {
    let question = question.clone().query("page", page).query("limit", size);
    let response = mailersend.ask(&question).await?;
    match items(response.body()) {
        Some((items, more)) => Ok(Page { items: items.into_iter().map(Bytes::copy_from_slice).collect(), more }),
        None => Err(question.explain(unreadable("its body is no object with a list `data`", response))),
    }
}
