//! Who listens, and what waits for them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::frame::{self, Frame};

/// How many frames wait for a listener before it has to ask for everything again.
const MOST_WAITING: usize = 4;

/// All who listen.
pub(crate) struct Hub {
    touched: Arc<Notify>,
    ears: Mutex<Ears>,
}

struct Ears {
    all: Vec<Ear>,
    /// The number of the last frame.
    number: u64,
    is_closed: bool,
}

/// The other end of a listener.
struct Ear {
    frames: mpsc::Sender<Bytes>,
    /// The number of the frame that it missed, or zero when it missed none.
    missed: Arc<AtomicU64>,
}

/// Somebody who listens. It counts until it is dropped.
pub(crate) struct Listener {
    first: VecDeque<Bytes>,
    frames: mpsc::Receiver<Bytes>,
    missed: Arc<AtomicU64>,
}

/// Why somebody cannot listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoListener {
    /// As many listen as may.
    Full(usize),
    /// The emulator ends.
    Closed,
}

impl fmt::Display for NoListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(most) => {
                write!(f, "As many listen as may: {most}. Close some pages, or raise the limit of listeners.")
            }
            Self::Closed => f.write_str("The emulator is shutting down."),
        }
    }
}

impl Hub {
    /// `touched` is notified of each change.
    pub(crate) fn new(touched: Arc<Notify>) -> Self {
        Self { touched, ears: Mutex::new(Ears { all: Vec::new(), number: 0, is_closed: false }) }
    }

    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change.
    pub(super) async fn touched(&self) {
        self.touched.notified().await;
    }

    /// Adds a listener, who is greeted with what `hello` makes of the number of the last frame. Who comes back and has
    /// missed a frame is told so.
    pub(super) fn add(
        &self,
        last: Option<&str>,
        most: usize,
        hello: impl FnOnce(u64) -> Bytes,
    ) -> Result<Listener, NoListener> {
        let mut ears = self.ears();
        if ears.is_closed {
            return Err(NoListener::Closed);
        }
        ears.all.retain(|ear| !ear.frames.is_closed());
        if ears.all.len() >= most {
            return Err(NoListener::Full(most));
        }
        if ears.all.is_empty() {
            // Nobody wrote down what happened before.
            ears.number = ears.number.saturating_add(1);
        }
        let number = ears.number;
        let (frames, receiver) = mpsc::channel(MOST_WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        ears.all.push(Ear { frames, missed: Arc::clone(&missed) });
        let mut first = VecDeque::from([hello(number)]);
        if last.is_some_and(|last| last != number.to_string()) {
            first.push_back(frame::reset(number));
        }
        Ok(Listener { first, frames: receiver, missed })
    }

    /// Whether nobody listens.
    pub(super) fn is_empty(&self) -> bool {
        self.ears().all.iter().all(|ear| ear.frames.is_closed())
    }

    /// Sends a frame to all. Nobody is waited for.
    pub(super) fn send(&self, frame: &Frame) {
        let mut ears = self.ears();
        if frame.0.is_some() {
            ears.number = ears.number.saturating_add(1);
        }
        let number = ears.number;
        let bytes = frame.numbered(number);
        ears.all.retain(|ear| match ear.frames.try_send(bytes.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                // A connection that takes nothing needs nothing to keep it open.
                if frame.0.is_some() {
                    ear.missed.store(number, Ordering::Release);
                }
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
    }

    /// Ends all listening, now and from now on.
    pub(super) fn close(&self) {
        let mut ears = self.ears();
        ears.is_closed = true;
        ears.all.clear();
    }
}

impl Listener {
    /// The next bytes to send; none when listening has ended.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.pop_front() {
            return Poll::Ready(Some(first));
        }
        let next = ready!(self.frames.poll_recv(cx));
        let missed = self.missed.swap(0, Ordering::Acquire);
        if missed == 0 {
            return Poll::Ready(next);
        }
        // What waits is of no use to whoever asks for everything again. A frame was only missed because some waited,
        // so that this is always reached.
        while self.frames.try_recv().is_ok() {}
        Poll::Ready(Some(frame::reset(missed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        Hub::new(Arc::default())
    }

    fn add(hub: &Hub, last: Option<&str>) -> Listener {
        hub.add(last, 1_000, |number| frame::hello(number, 0)).unwrap()
    }

    fn change(text: &str) -> Frame {
        Frame(Some(text.as_bytes().to_vec()))
    }

    /// Everything that is there to be sent, and whether it is over.
    fn sent(listener: &mut Listener) -> (String, bool) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let mut text = String::new();
        loop {
            match listener.poll_next(&mut cx) {
                Poll::Ready(Some(bytes)) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Poll::Ready(None) => return (text, true),
                Poll::Pending => return (text, false),
            }
        }
    }

    #[test]
    fn a_thousand_hear_the_same() {
        let hub = hub();
        let mut listeners: Vec<_> = (0..1_000).map(|_| add(&hub, None)).collect();
        assert_eq!(hub.add(None, 1_000, |number| frame::hello(number, 0)).err(), Some(NoListener::Full(1_000)));
        hub.send(&change("{}"));
        hub.send(&frame::keep_alive());
        let hello = "id: 1\nevent: hello\ndata: {\"total\":0}\n\n";
        for listener in &mut listeners {
            assert_eq!(sent(listener), (format!("{hello}id: 2\nevent: change\ndata: {{}}\n\n:\n\n"), false));
        }
        // There is room again when somebody goes.
        listeners.pop();
        add(&hub, None);
        drop(listeners);
        assert!(hub.is_empty());
    }

    #[test]
    fn who_does_not_keep_up_asks_again() {
        let hub = hub();
        let (mut slow, mut quick) = (add(&hub, None), add(&hub, None));
        sent(&mut slow);
        for number in 2..=100 {
            hub.send(&change("{}"));
            assert_eq!(sent(&mut quick).0.lines().next_back().map(str::len), Some(0), "{number}");
        }
        assert_eq!(sent(&mut slow), ("id: 100\nevent: change\ndata: {\"reset\":true}\n\n".to_owned(), false));
        hub.send(&change("{}"));
        assert_eq!(sent(&mut slow), ("id: 101\nevent: change\ndata: {}\n\n".to_owned(), false));
    }

    #[test]
    fn who_comes_back_learns_whether_something_was_missed() {
        let hub = hub();
        let other = add(&hub, None);
        assert!(!sent(&mut add(&hub, Some("1"))).0.contains("reset"));
        hub.send(&change("{}"));
        assert!(sent(&mut add(&hub, Some("1"))).0.contains("id: 2\nevent: change\ndata: {\"reset\":true}"));
        assert!(!sent(&mut add(&hub, Some("2"))).0.contains("reset"));
        drop(other);
        // Nobody listened in between.
        assert!(sent(&mut add(&hub, Some("2"))).0.contains("reset"));
    }

    #[test]
    fn listening_ends() {
        let hub = hub();
        let mut listener = add(&hub, None);
        hub.close();
        assert!(sent(&mut listener).1);
        assert_eq!(hub.add(None, 1, |_| Bytes::new()).err(), Some(NoListener::Closed));
    }
}
