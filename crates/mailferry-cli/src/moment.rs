//! Times as people type them.

use std::time::{Duration, SystemTime};

use mailferry::DateTime;
use mailferry::message::{SendAt, TimeZone};
use mailferry::transport::{Error, ErrorKind};

/// A time that a flag gives: RFC 3339, a date or a date and time in `zone`, Unix seconds, `now`, or how long ago: `30m`.
pub(crate) fn read(text: &str, flag: &str, zone: &TimeZone, now: SystemTime) -> Result<DateTime, Error> {
    let text = text.trim();
    let found = match ago(text) {
        Some(ago) => now.checked_sub(ago).map(DateTime::from),
        None => seconds(text, zone).and_then(DateTime::from_unix_seconds),
    };
    found.ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("{flag}: {text:?} is not a time"))
            .with_remedy("give a date such as 2026-11-01 or 2026-11-01T09:00Z, or how long ago: 90s, 30m, 24h, 7d")
    })
}

fn seconds(text: &str, zone: &TimeZone) -> Option<i64> {
    text.parse().ok().or_else(|| text.parse::<SendAt>().ok().map(|at| at.to_unix(zone)))
}

/// How long ago `90s`, `30m`, `24h` and `7d` are.
fn ago(text: &str) -> Option<Duration> {
    if text == "now" {
        return Some(Duration::ZERO);
    }
    let last = text.chars().next_back()?;
    let unit = match last {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count = text.strip_suffix(last)?;
    // `+5m` is a number, too, and in the future as people read it.
    let is_count = count.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = count.parse().ok().filter(|_| is_count)?;
    Some(Duration::from_secs(count.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let prague: TimeZone = "Europe/Prague".parse().unwrap();
        for (text, expected) in [
            ("now", Some(1_700_000_000)),
            ("90s", Some(1_699_999_910)),
            ("30m", Some(1_699_998_200)),
            ("24h", Some(1_699_913_600)),
            ("7d", Some(1_699_395_200)),
            ("1700000001", Some(1_700_000_001)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000)),
            ("2023-11-14T23:13:20", Some(1_700_000_000)),
            (" 2023-11-14 ", Some(1_699_916_400)),
            ("", None),
            ("m", None),
            ("-5m", None),
            ("+5m", None),
            ("5 m", None),
            ("5w", None),
            ("yesterday", None),
            ("99999999999999999999d", None),
            ("999999999999999d", None),
            ("999999999999999", None),
            ("2023-13-01", None),
        ] {
            let read = read(text, "--since", &prague, now).ok().map(|at| at.unix_seconds());
            assert_eq!(read, expected, "{text:?}");
        }
    }
}
