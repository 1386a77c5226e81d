//! Showing events as they come: a handler that is done when the line is written.

use std::io;

use mailferry::Event;
use mailferry::webhook::{Handler, Handling};
use tokio::sync::{mpsc, oneshot};

use crate::args::Global;
use crate::event_text;
use crate::output::{Failure, Output};

/// Hands events to the thread that writes.
#[derive(Clone)]
pub(super) struct Printer {
    lines: mpsc::Sender<Line>,
}

struct Line {
    event: Event,
    written: oneshot::Sender<()>,
}

/// Starts a thread that writes, so that a pipe which nobody reads from holds nothing else up. The second value is
/// ready when nothing can be written any more.
pub(super) fn start(global: &Global) -> Result<(Printer, oneshot::Receiver<io::Error>), Failure> {
    let mut output = Output::new(global);
    let (lines, mut waiting) = mpsc::channel::<Line>(1);
    let (broken, ended) = oneshot::channel();
    let writer = std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        let mut headed = output.json;
        while let Some(Line { event, written }) = waiting.blocking_recv() {
            match write(&event, &mut headed, &mut output) {
                // Whoever waited may have given up.
                Ok(()) => drop(written.send(())),
                Err(cause) => {
                    let _ = broken.send(cause);
                    return;
                }
            }
        }
    });
    writer.map_err(|cause| Failure::System("no thread can be started", cause))?;
    Ok((Printer { lines }, ended))
}

fn write(event: &Event, headed: &mut bool, output: &mut Output) -> io::Result<()> {
    if output.json {
        return output.object(&event.to_json());
    }
    if !std::mem::replace(headed, true) {
        output.line(event_text::heading())?;
    }
    output.line(event_text::line(event))
}

impl Handler for Printer {
    fn handle(&self, event: Event) -> Handling<'_> {
        Box::pin(async move {
            let (written, wait) = oneshot::channel();
            let gone = "standard output cannot be written";
            self.lines.send(Line { event, written }).await.map_err(|_| gone)?;
            wait.await.map_err(|_| gone)?;
            Ok(())
        })
    }
}
