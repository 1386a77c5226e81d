//! How far a long send has come.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::input::Source;

/// Sends that take longer than this are accompanied by a progress bar.
const LONG: Duration = Duration::from_secs(1);

/// A progress bar on standard error, when that is a terminal and it takes long.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(sources: &[Source], hidden: bool) -> Self {
        let total: Option<u64> = sources.iter().map(Source::length).sum();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let form = if total.is_some() { "{bar:30} {percent}%  {msg}  {elapsed}" } else { "{spinner} {msg}  {elapsed}" };
        let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), started: Instant::now(), shown: hidden }
    }

    /// Writes something without the bar in between.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub(crate) fn advance(&mut self, bytes: u64, messages: u64) {
        if !self.shown && self.started.elapsed() > LONG {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(format!("{messages} messages"));
        self.bar.inc(bytes);
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
