//! Dates of mails, as RFC 5322 has them and as programs write them.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;

use crate::datetime::DateTime;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Longer texts are none: no date has so many characters, comments included.
const MAX_LENGTH: usize = 1_000;

/// Reads a date. One whose zone is `-0000`, missing or unknown has no offset. An impossible date is none, and neither is
/// one of the year 0 or in ISO 8601.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let text = without_comments(text);
    let mut words = text.split([' ', '\t', ',']).filter(|word| !word.is_empty()).peekable();
    words.next_if(|word| position(&WEEKDAYS, word).is_some());
    let first = words.next()?;
    let (day, month, year, time, zone);
    if let [one, two, three] = first.split('-').collect::<Vec<_>>()[..] {
        (day, month, year, time) = (one, two, three, words.next()?);
        zone = words.next();
    } else if position(&MONTHS, first).is_some() {
        (month, day) = (first, words.next()?);
        let third = words.next()?;
        if third.contains(':') {
            // As C's asctime has it: the year at the end.
            time = third;
            let fourth = words.next()?;
            (zone, year) = match words.next() {
                Some(fifth) => (Some(fourth), fifth),
                None => (None, fourth),
            };
        } else {
            (year, time) = (third, words.next()?);
            zone = words.next();
        }
    } else {
        (day, month, year, time) = (first, words.next()?, words.next()?, words.next()?);
        zone = words.next();
    }
    let month = i8::try_from(position(&MONTHS, month)? + 1).ok()?;
    // `10:00:00+0200`
    let (time, zone) = match time.find(['+', '-']) {
        Some(at) => (time.get(..at)?, time.get(at..)),
        None => (time, zone),
    };
    let (hour, minute, second) = read_time(time)?;
    let local = civil::DateTime::new(read_year(year)?, month, number(day)?, hour, minute, second, 0).ok()?;
    let offset = match zone.and_then(zone_seconds) {
        Some(seconds) => Some(Offset::from_seconds(seconds).ok().filter(|_| seconds.abs() < 86_400)?),
        None => None,
    };
    DateTime::civil(local, offset)
}

/// As RFC 5322 writes it; `-0000` where no offset is known.
pub(super) fn format(at: &DateTime) -> String {
    let offset = at.offset().and_then(|seconds| Offset::from_seconds(seconds).ok());
    let instant = Timestamp::from_second(at.unix_seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = offset.unwrap_or(Offset::UTC).to_datetime(instant).strftime("%a, %d %b %Y %H:%M:%S");
    let Some(seconds) = offset.map(Offset::seconds) else { return format!("{local} -0000") };
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{local} {sign}{:02}{:02}", minutes / 60, minutes % 60)
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '(' => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                kept.push(' ');
            }
            '\r' | '\n' => kept.push(' '),
            _ if depth == 0 => kept.push(char),
            _ => {}
        }
    }
    kept
}

/// Which of the names a word begins with, long names included.
fn position(names: &[&str], word: &str) -> Option<usize> {
    let is_name = word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    let start = word.get(..3).filter(|_| is_name)?.to_ascii_lowercase();
    names.iter().position(|name| *name == start)
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Two digits are of 1969 to 2068, three count from 1900 (RFC 5322, 4.3).
fn read_year(text: &str) -> Option<i16> {
    let year: i16 = number(text)?;
    match (text.len(), year) {
        (0..=2, ..69) => Some(year + 2000),
        (0..=3, _) => Some(year + 1900),
        (_, 0) => None,
        _ => Some(year),
    }
}

fn read_time(text: &str) -> Option<(i8, i8, i8)> {
    let separator = if text.contains(':') { ':' } else { '.' };
    let mut pieces = text.split(separator);
    let (hour, minute) = (number(pieces.next()?)?, number(pieces.next()?)?);
    let second = match pieces.next() {
        Some(second) => number(second.split('.').next()?)?,
        None => 0,
    };
    pieces.next().is_none().then_some((hour, minute, second))
}

/// Seconds ahead of UTC, perhaps impossibly many; `None` for a zone that says nothing.
fn zone_seconds(text: &str) -> Option<i32> {
    if let Some(digits) = text.strip_prefix(['+', '-']) {
        let digits = digits.replacen(':', "", 1);
        let (hours, minutes): (i32, i32) = match digits.len() {
            2 => (number(&digits)?, 0),
            4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
            _ => return None,
        };
        let seconds = hours * 3_600 + minutes * 60;
        return match (text.starts_with('-'), seconds) {
            (true, 0) => None,
            (true, _) => Some(-seconds),
            (false, _) => Some(seconds),
        };
    }
    let hours = match text.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" => 0,
        "ADT" => -3,
        "AST" | "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Some(hours * 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MIM-08
    #[test]
    fn dates_are_read_as_programs_write_them() {
        for (text, expected) in [
            ("Mon, 2 Jun 2025 10:00:00 +0200", Some("2025-06-02T10:00:00+02:00")),
            ("Mon, 2 Jun 2025 10:00:00 GMT", Some("2025-06-02T10:00:00+00:00")),
            ("Mon, 2 Jun 2025 10:00:00 EST", Some("2025-06-02T10:00:00-05:00")),
            ("Mon, 2 Jun 2025 10:00:00 Z", Some("2025-06-02T10:00:00+00:00")),
            ("Mon, 2 Jun 2025 10:00:00 -0330", Some("2025-06-02T10:00:00-03:30")),
            ("Mon, 2 Jun 2025 10:00:00 +0200 (CEST (so (it) is))", Some("2025-06-02T10:00:00+02:00")),
            ("(c) Mon,2 Jun 2025 10:00:00+0200", Some("2025-06-02T10:00:00+02:00")),
            ("Monday, 02 June 2025 10:00", Some("2025-06-02T10:00:00")),
            ("2 Jun 25 10:00:00 +02:00", Some("2025-06-02T10:00:00+02:00")),
            ("2 Jun 99 10:00:00 +0000", Some("1999-06-02T10:00:00+00:00")),
            ("2 Jun 125 10:00:00 +0000", Some("2025-06-02T10:00:00+00:00")),
            ("Mon, 2 Jun 2025 10:00:00 -0000", Some("2025-06-02T10:00:00")),
            ("Mon, 2 Jun 2025 10:00:00 CET", Some("2025-06-02T10:00:00")),
            ("Mon Jun  2 10:00:00 2025", Some("2025-06-02T10:00:00")),
            ("Mon Jun  2 10:00:00 GMT 2025", Some("2025-06-02T10:00:00+00:00")),
            ("Jun 2, 2025 10:00:00", Some("2025-06-02T10:00:00")),
            ("Mon, 2-Jun-2025 10.00.00 +0200", Some("2025-06-02T10:00:00+02:00")),
            ("Mon, 2 Jun 2025 10:00:60 +0000", None),
            ("Mon, 2 Jun 2025 24:00:00 +0000", None),
            ("Mon, 30 Feb 2025 10:00:00 +0000", None),
            ("Mon, 2 Jun 0000 10:00:00 +0000", None),
            ("Mon, 2 Jun 2025 10:00:00 +9999", None),
            ("Mon, 2 Jun 99999 10:00:00 +0000", None),
            ("Mon, 2 Jun -2025 10:00:00 +0000", None),
            ("2025-06-02T10:00:00Z", None),
            ("2 Jun 2025", None),
            ("tomorrow", None),
            ("", None),
        ] {
            let read = parse(text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
        let long = "(".repeat(MAX_LENGTH);
        assert_eq!(parse(&long), None);
    }
}
