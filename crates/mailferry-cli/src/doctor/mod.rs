//! `mailferry doctor`: what is wrong with the account and the settings, and what to do about it.

pub(crate) mod args;

use std::io;

use anstyle::Style;
use mailferry::mailersend::asking::{Checkup, Diagnosis, Level};
use serde::Serialize;

use crate::args::Global;
use crate::config;
use crate::exit::Exit;
use crate::log;
use crate::output::{ERROR, FAINT, Failure, OK, Output, WARNING, printable};

use args::DoctorArgs;

/// One finding, as it is told in JSON.
#[derive(Serialize)]
struct Found<'a> {
    level: &'static str,
    place: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
}

impl<'a> Found<'a> {
    fn new(diagnosis: &'a Diagnosis) -> Self {
        let Diagnosis { level, place, text, remedy, .. } = diagnosis;
        Self { level: word(*level), place, text, remedy: remedy.as_deref() }
    }
}

/// Runs the command.
pub(crate) async fn run(global: &Global, args: DoctorArgs, output: &mut Output) -> Result<Exit, Failure> {
    let DoctorArgs { domain, settings } = args;
    let found = config::load(global, &settings)?;
    log::start(found.debugs_requests(), output.colors_errors())?;
    let (mut transport, _) = found.mailer()?;
    let mut options = found.settings.checkup_options()?;
    if let Some(domain) = domain {
        transport = transport.for_domain(&domain)?;
        options = options.domain(domain);
    }
    let checkup = transport.checkup(&options).await;
    tell(&checkup, output)?;
    Ok(if checkup.level() == Level::Error { Exit::Other } else { Exit::Done })
}

fn tell(checkup: &Checkup, output: &mut Output) -> io::Result<()> {
    if output.json {
        return checkup.findings.iter().try_for_each(|finding| output.object(&Found::new(finding)));
    }
    for finding in &checkup.findings {
        let Found { level, place, text, remedy } = Found::new(finding);
        let style = style(finding.level);
        output.line(format_args!("{style}{level:7}{style:#}  {}: {}", printable(place), printable(text)))?;
        if let Some(remedy) = remedy {
            output.line(format_args!("         {FAINT}{}{FAINT:#}", printable(remedy)))?;
        }
    }
    let count = |level| checkup.findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warn));
    output.line("")?;
    output.line(match (errors, warnings) {
        (0, 0) => "All is well.".to_owned(),
        _ => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    })
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The words of `check`, too.
const fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warn => "warning",
        Level::Error => "error",
    }
}

const fn style(level: Level) -> Style {
    match level {
        Level::Ok => OK,
        Level::Warn => WARNING,
        Level::Error => ERROR,
    }
}
