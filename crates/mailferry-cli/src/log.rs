//! What the library does, on standard error, when asked for.

use mailferry::Clock;
use mailferry::transport::{Error, ErrorKind};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{DefaultFields, Format, Full, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Registry, fmt};

use crate::event_text;

/// The variable that says how much.
const VARIABLE: &str = "MAILFERRY_LOG";

/// Starts to log; `debug` is what the settings say about requests.
///
/// Only Mailferry's own events are shown: those of the HTTP stack below it would show the token.
pub(crate) fn start(debug: bool, colors: bool) -> Result<(), Error> {
    // Findings of the pre-flight are part of the result; what is said when the transport is built is not.
    let quiet = Targets::new().with_target("mailferry::mailersend::builder", LevelFilter::WARN);
    start_with(debug.then_some(LevelFilter::DEBUG), quiet, fmt::layer().without_time(), colors)
}

/// The same for what serves requests of others: what it refuses is to be seen, and when, since it runs for long.
pub(crate) fn start_serving(colors: bool) -> Result<(), Error> {
    start_with(None, ours(LevelFilter::WARN), fmt::layer().with_timer(Utc), colors)
}

/// The time as events have it that are shown.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        writer.write_str(&event_text::time(Some(Clock::system().now().into())))
    }
}

/// Everything of ours.
fn ours(level: LevelFilter) -> Targets {
    let crates = ["mailferry", "mailferry_axum", "mailferry_emulator", "mailferry_store"];
    crates.into_iter().fold(Targets::new(), |targets, target| targets.with_target(target, level))
}

fn start_with<T>(
    level: Option<LevelFilter>,
    otherwise: Targets,
    layer: fmt::Layer<Registry, DefaultFields, Format<Full, T>>,
    colors: bool,
) -> Result<(), Error>
where
    T: FormatTime + Send + Sync + 'static,
{
    let wanted = match std::env::var_os(VARIABLE) {
        Some(text) if !text.is_empty() => {
            let level = text.to_str().and_then(|text| text.parse::<LevelFilter>().ok()).ok_or_else(|| {
                Error::new(ErrorKind::Config, format!("{VARIABLE} is `{}`, which is no level", text.display()))
                    .with_remedy("give off, error, warn, info, debug or trace")
            })?;
            Some(level)
        }
        _ => None,
    };
    let filter = wanted.or(level).map_or(otherwise, ours);
    let layer = layer.with_writer(std::io::stderr).with_ansi(colors).with_target(false);
    // Started a second time, in tests, the first one goes on.
    let _ = tracing_subscriber::registry().with(layer).with(filter).try_init();
    Ok(())
}
