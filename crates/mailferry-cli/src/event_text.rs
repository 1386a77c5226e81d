//! An event for people: in one line, or all that is known.

use std::io;

use anstyle::{AnsiColor, Color, Style};
use mailferry::event::{AccountEvent, InboundEvent, TrackingEvent};
use mailferry::{DateTime, Event, EventKind};

use crate::mail_text;
use crate::output::{FAINT, HEADING, Output, printable};

/// Lines are cut here, so that they stay lines on a terminal.
const WIDTH: usize = 80;
/// The widths of what stands first.
const TIME: usize = 19;
const KIND: usize = 12;

/// What stands above lines.
pub(crate) fn heading() -> String {
    format!("{HEADING}{:TIME$}  {:KIND$}  {}{HEADING:#}", "TIME (UTC)", "EVENT", "ABOUT")
}

/// One line: when, what, and about whom or what.
pub(crate) fn line(event: &Event) -> String {
    let style = style(event.word());
    let (time, word) = (time(event.timestamp()), event.word());
    let room = WIDTH - TIME - KIND - 4;
    format!("{FAINT}{time:TIME$}{FAINT:#}  {style}{word:KIND$}{style:#}  {}", cut(&about(event), room))
}

/// About whom or what it is.
fn about(event: &Event) -> String {
    match event {
        Event::Tracking(event) => {
            let details = [detail(event), event.description.clone(), event.click_url.clone()];
            let details = details.into_iter().flatten().filter(|text| !text.is_empty());
            let recipient = event.recipient.clone().unwrap_or_else(|| "-".to_owned());
            std::iter::once(recipient).chain(details).collect::<Vec<_>>().join("  ")
        }
        Event::Inbound(event) => {
            let message = &event.message;
            let from = message.from().map_or_else(|| "-".to_owned(), |mailbox| mailbox.email);
            format!("{from}  {}", message.subject().unwrap_or_default())
        }
        Event::Account(event) => {
            if event.name.is_empty() {
                "-".to_owned()
            } else {
                event.name.clone()
            }
        }
        _ => String::new(),
    }
}

/// What the normalized word leaves out: whether a bounce is for good, and the service's word where that says more.
fn detail(event: &TrackingEvent) -> Option<String> {
    match (&event.bounce, event.kind) {
        (Some(bounce), _) => Some(bounce.kind.to_string()),
        (None, EventKind::Unknown) => Some(event.service_kind.clone()),
        _ => None,
    }
}

/// All that is known, a line each.
pub(crate) fn details(event: &Event, output: &mut Output) -> io::Result<()> {
    let style = style(event.word());
    output.line(format_args!("{style}{}{style:#}", event.word()))?;
    match event {
        Event::Tracking(event) => tracking(event, output),
        Event::Inbound(event) => inbound(event, output),
        Event::Account(event) => account(event, output),
        _ => Ok(()),
    }
}

fn tracking(event: &TrackingEvent, output: &mut Output) -> io::Result<()> {
    let bounce = event.bounce.as_ref().map(|bounce| match &bounce.code {
        Some(code) => format!("{}, code {code}", bounce.kind),
        None => bounce.kind.to_string(),
    });
    let metadata = (!event.metadata.is_empty()).then(|| serde_json::Value::from(event.metadata.clone()).to_string());
    for (name, value) in [
        ("time", event.timestamp.map(|at| at.to_string())),
        ("recipient", event.recipient.clone()),
        ("bounce", bounce),
        ("reason", event.reject_reason.map(|reason| reason.to_string())),
        ("description", event.description.clone()),
        ("answer", event.mta_response.clone()),
        ("link", event.click_url.clone()),
        ("user agent", event.user_agent.clone()),
        ("ip", event.ip.clone()),
        ("country", event.country.clone()),
        ("tags", Some(event.tags.join(", "))),
        ("metadata", metadata),
        ("message id", event.message_id.clone()),
        ("email id", event.email_id.clone()),
        ("event id", event.event_id.clone()),
        ("called", Some(event.service_kind.clone())),
    ] {
        field(name, value.as_deref(), output)?;
    }
    Ok(())
}

fn inbound(event: &InboundEvent, output: &mut Output) -> io::Result<()> {
    field("time", event.timestamp.map(|at| at.to_string()).as_deref(), output)?;
    field("event id", event.event_id.as_deref(), output)?;
    mail_text::print(&event.message, output)
}

fn account(event: &AccountEvent, output: &mut Output) -> io::Result<()> {
    field("name", Some(&event.name), output)?;
    field("time", event.timestamp.map(|at| at.to_string()).as_deref(), output)?;
    field("event id", event.event_id.as_deref(), output)?;
    let data = (!event.data.is_null()).then(|| event.data.to_string());
    field("data", data.as_deref(), output)
}

/// A name and a value, unless there is none.
pub(crate) fn field(name: &str, value: Option<&str>, output: &mut Output) -> io::Result<()> {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => output.line(format_args!("  {FAINT}{name:<14}{FAINT:#}{}", in_one_line(value))),
        None => Ok(()),
    }
}

/// A time in UTC, to the second.
pub(crate) fn time(at: Option<DateTime>) -> String {
    let at = at.and_then(|at| DateTime::from_unix_seconds(at.unix_seconds()));
    at.map_or_else(|| "-".to_owned(), |at| at.to_string().replacen('T', " ", 1).trim_end_matches("+00:00").to_owned())
}

/// The colour of a word: green for what is well, red for what is not, yellow for what is odd.
pub(crate) fn style(word: &str) -> Style {
    let color = match word {
        "sent" | "delivered" | "opened" | "clicked" | "queued" | "subscribed" => AnsiColor::Green,
        "rejected" | "failed" | "bounced" | "complained" | "inbound_failed" => AnsiColor::Red,
        "inbound" | "account" | "autoresponded" => AnsiColor::Cyan,
        _ => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(Color::Ansi(color)))
}

/// Foreign text in one line.
pub(crate) fn in_one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ")
}

/// Foreign text in one line of so many characters.
pub(crate) fn cut(text: &str, room: usize) -> String {
    let text = in_one_line(text.get(..text.floor_char_boundary(4 * room)).unwrap_or(text));
    if text.chars().count() <= room {
        return text;
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use mailferry::event::{Bounce, BounceKind};

    use super::*;

    fn plain(line: &str) -> String {
        anstream::adapter::strip_str(line).to_string()
    }

    #[test]
    fn a_line_says_when_what_and_about_whom() {
        let mut event = TrackingEvent::new(EventKind::Bounced, "hard_bounced");
        event.timestamp = "2026-10-03T23:33:06.5+01:00".parse().ok();
        event.recipient = Some("ann@example.com".to_owned());
        event.bounce = Some(Bounce { kind: BounceKind::Hard, code: None });
        event.description = Some("no\tsuch\nuser \x1b[31m".to_owned());
        assert_eq!(
            plain(&line(&Event::Tracking(event))),
            "2026-10-03 22:33:06  bounced       ann@example.com  hard  no such user \u{fffd}[31m"
        );
        let unknown = TrackingEvent::new(EventKind::Unknown, "survey_opened");
        assert_eq!(plain(&line(&Event::Tracking(unknown))), format!("{:19}  unknown       -  survey_opened", "-"));
        let account = AccountEvent::new("maintenance.start");
        assert_eq!(plain(&line(&Event::Account(account))), format!("{:19}  account       maintenance.start", "-"));
    }

    #[test]
    fn a_line_fits_a_terminal() {
        for text in ["x".repeat(100_000), "é".repeat(100), "\n".repeat(50)] {
            let mut event = TrackingEvent::new(EventKind::Clicked, "clicked");
            event.click_url = Some(text);
            let line = plain(&line(&Event::Tracking(event)));
            assert!(line.chars().count() <= WIDTH && !line.contains('\n'), "{line}");
        }
        assert_eq!(cut("exactly", 7), "exactly");
        assert_eq!(cut("one more", 7), "one mo…");
    }
}
