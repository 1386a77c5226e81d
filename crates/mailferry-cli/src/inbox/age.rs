//! Times and ages as they are typed.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use mailferry::DateTime;

/// How old something is: `90m`, `2h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) Duration);

/// A time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    At(DateTime),
    Ago(Age),
}

impl When {
    /// The time that is meant.
    pub(crate) fn at(self, now: SystemTime) -> DateTime {
        match self {
            Self::At(at) => at,
            // There is nothing older.
            Self::Ago(Age(age)) => {
                now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH).max(SystemTime::UNIX_EPOCH).into()
            }
        }
    }
}

/// Text that is neither.
#[derive(Debug)]
pub(crate) struct NoTime(&'static str);

impl fmt::Display for NoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoTime {}

impl FromStr for Age {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400)];
        let unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
        let age = unit.and_then(|(number, seconds)| number.parse::<u64>().ok()?.checked_mul(seconds));
        age.map(|seconds| Self(Duration::from_secs(seconds))).ok_or(NoTime("give an age such as `90m`, `2h` or `7d`"))
    }
}

impl FromStr for When {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        match (text.parse(), text.parse()) {
            (Ok(age), _) => Ok(Self::Ago(age)),
            (_, Ok(at)) => Ok(Self::At(at)),
            _ => Err(NoTime("give a date, a time such as `2026-10-03T22:33:06Z`, or an age such as `2h` or `7d`")),
        }
    }
}

/// A span of time in its largest unit: `45 s`, `3 m`, `2 h`, `12 d`.
pub(crate) fn span(time: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86400, "d"), (3600, "h"), (60, "m")];
    let seconds = time.as_secs();
    match UNITS.iter().find(|(length, _)| seconds >= 2 * length) {
        Some((length, unit)) => format!("{} {unit}", seconds / length),
        None => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_times_are_told_apart() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (text, expected) in [
            ("1s", Some(999_999)),
            ("90m", Some(1_000_000 - 5400)),
            ("2h", Some(1_000_000 - 7200)),
            ("7d", Some(1_000_000 - 604_800)),
            ("1970-01-02", Some(86400)),
            ("1970-01-02T00:00:01Z", Some(86401)),
            ("1970-01-02 01:00:00+01:00", Some(86400)),
            ("99999999999d", Some(0)),
            ("18446744073709551615d", None),
            ("d", None),
            ("-1d", None),
            ("1 d", None),
            ("1w", None),
            ("yesterday", None),
            ("", None),
        ] {
            let when = text.parse::<When>().ok().map(|when| when.at(now).unix_seconds());
            assert_eq!(when, expected, "{text}");
        }
    }

    #[test]
    fn spans_are_short() {
        for (seconds, text) in [(0, "0 s"), (119, "119 s"), (120, "2 m"), (7200, "2 h"), (172_800, "2 d")] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
