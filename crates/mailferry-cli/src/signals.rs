//! Being told to end.

use crate::output::Failure;

/// What asks the command to end. As long as this is there, such a signal does not end the process by itself.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|cause| Failure::System("signals cannot be received", cause));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    #[cfg(windows)]
    pub(crate) fn new() -> Result<Self, Failure> {
        let interrupt = tokio::signal::windows::ctrl_c();
        let interrupt = interrupt.map_err(|cause| Failure::System("Ctrl-C cannot be received", cause))?;
        Ok(Self { interrupt })
    }

    /// Waits for Ctrl-C or SIGTERM.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for Ctrl-C.
    #[cfg(windows)]
    pub(crate) async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}
