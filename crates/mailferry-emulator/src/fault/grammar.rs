//! Faults as text: `slow=2s:10%@email`.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultOn, FaultRule, InvalidFault, MOST_DELAY};

/// Where the fault itself ends.
const MARKS: [char; 3] = ['*', ':', '@'];

impl FromStr for FaultRule {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let text = text.trim();
        let end = text.find(MARKS).unwrap_or(text.len());
        let (fault, mut rest) = text.split_at(end);
        let mut rule = Self::new(fault.parse()?);
        while let Some(mark) = rest.chars().next() {
            let after = rest.get(mark.len_utf8()..).unwrap_or_default();
            let end = after.find(MARKS).unwrap_or(after.len());
            let (value, left) = after.split_at(end);
            match mark {
                '*' if rule.times.is_none() => rule.times = Some(times(value)?),
                ':' if rule.share.is_none() => rule.share = Some(share(value)?),
                '@' if rule.on == FaultOn::Any => rule.on = value.parse()?,
                _ => return Err(InvalidFault::new(format!("{text:?} says {mark} twice: write it once"))),
            }
            rest = left;
        }
        rule.check()?;
        Ok(rule)
    }
}

impl FromStr for Fault {
    type Err = InvalidFault;

    /// `rate_limit`, `status=503`, `503`, `slow=2s`; `-` is as good as `_`.
    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (word, value) = match text.trim().split_once('=') {
            Some((word, value)) => (word.trim_end(), Some(value.trim_start())),
            None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => ("status", Some(text)),
            None => (text, None),
        };
        match value {
            None => Self::named(word, None, None),
            Some(value) => {
                let kind = Self::like(word)?;
                match (kind.status(), kind.delay()) {
                    (Some(_), _) => Self::named(word, value.parse().ok().or(Some(0)), None),
                    (None, Some(_)) => Self::named(word, None, Some(duration(word, value)?)),
                    (None, None) => Err(InvalidFault::new(format!("{} has no value: write it without =", kind.word()))),
                }
            }
        }
    }
}

impl Fault {
    /// The example whose word this is.
    fn like(word: &str) -> Result<Self, InvalidFault> {
        let wanted = word.trim().to_ascii_lowercase().replace('-', "_");
        let found = Self::EXAMPLES.into_iter().find(|fault| fault.word() == wanted);
        found.ok_or_else(|| {
            let words: Vec<String> = Self::EXAMPLES.iter().map(ToString::to_string).collect();
            InvalidFault::new(format!("{word:?} is no fault: write one of {}", words.join(", ")))
        })
    }

    /// The fault called `word`, with what it needs.
    pub(crate) fn named(word: &str, status: Option<u16>, delay: Option<Duration>) -> Result<Self, InvalidFault> {
        let missing = |example: Self| {
            let word = example.word();
            Err(InvalidFault::new(format!("{word} needs a value: write {example}")))
        };
        let kind = Self::like(word)?;
        match (kind, status, delay) {
            (Self::Status(_), Some(status), None) => Ok(Self::Status(status)),
            (Self::Slow(_), None, Some(delay)) => Ok(Self::Slow(delay)),
            (Self::WebhookDelayed(_), None, Some(delay)) => Ok(Self::WebhookDelayed(delay)),
            (Self::Status(_) | Self::Slow(_) | Self::WebhookDelayed(_), _, _) => missing(kind),
            (kind, None, None) => Ok(kind),
            (kind, _, _) => Err(InvalidFault::new(format!("{} has no value of its own", kind.word()))),
        }
    }
}

impl FromStr for FaultOn {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let wanted = text.trim().to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|on| on.word() == wanted);
        found.ok_or_else(|| {
            InvalidFault::new(format!("{text:?} is nothing that faults happen to: write one of {}", words(|_| true)))
        })
    }
}

/// The words of those that are `wanted`, for a sentence.
pub(super) fn words(wanted: impl Fn(FaultOn) -> bool) -> String {
    let words: Vec<_> = FaultOn::ALL.into_iter().filter(|on| wanted(*on)).map(FaultOn::word).collect();
    words.join(", ")
}

fn times(text: &str) -> Result<u64, InvalidFault> {
    let times = text.trim().parse();
    times.map_err(|_| InvalidFault::new(format!("{text:?} is no number of times: write reset*3")))
}

fn share(text: &str) -> Result<f64, InvalidFault> {
    let percent = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
    percent
        .filter(|percent| percent.is_finite())
        .map(|percent| percent / 100.0)
        .ok_or_else(|| InvalidFault::new(format!("{text:?} is no share: write reset:5%")))
}

/// `2s`, `500ms`, `1m`, `1h`.
fn duration(word: &str, text: &str) -> Result<Duration, InvalidFault> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let total = number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds));
    total
        .filter(|_| milliseconds > 0)
        .map(|total| Duration::from_millis(total).min(MOST_DELAY.saturating_add(Duration::from_millis(1))))
        .ok_or_else(|| InvalidFault::new(format!("{text:?} is no time: write {word}=500ms, {word}=2s or {word}=1m")))
}

/// As [`duration`] reads it.
pub(super) fn time(delay: Duration) -> String {
    let milliseconds = delay.as_millis();
    if milliseconds.is_multiple_of(1_000) { format!("{}s", milliseconds / 1_000) } else { format!("{milliseconds}ms") }
}

/// `5`, `0.25`: four digits at most behind the point.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_written() {
        let check = |text: &str, rule: FaultRule, canonical: &str| {
            assert_eq!(text.parse::<FaultRule>(), Ok(rule), "{text}");
            assert_eq!(rule.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse::<FaultRule>(), Ok(rule), "{text}");
        };
        let rule = FaultRule::new;
        check("rate_limit", rule(Fault::RateLimit), "rate_limit");
        check("Rate-Limit*3", rule(Fault::RateLimit).next(3), "rate_limit*3");
        check("answer_lost:5%", rule(Fault::AnswerLost).share(0.05), "answer_lost:5%");
        check("503", rule(Fault::Status(503)), "status=503");
        check(" status=421 @reading ", rule(Fault::Status(421)).on(FaultOn::Reading), "status=421@reading");
        let slow = Fault::Slow(Duration::from_secs(2));
        check("slow=2s:10%@email", rule(slow).share(0.1).on(FaultOn::Email), "slow=2s:10%@email");
        check("slow=2s@email*4:10%", rule(slow).share(0.1).next(4).on(FaultOn::Email), "slow=2s:10%*4@email");
        let delayed = Fault::WebhookDelayed(Duration::from_millis(1_500));
        check("webhook_delayed=1500ms@inbound", rule(delayed).on(FaultOn::Inbound), "webhook_delayed=1500ms@inbound");
        check("reset:0.25%", rule(Fault::Reset).share(0.0025), "reset:0.25%");
    }

    #[test]
    fn every_fault_can_be_written() {
        for fault in Fault::EXAMPLES {
            assert_eq!(fault.to_string().parse(), Ok(fault));
            assert_eq!(fault.to_string().parse(), Ok(FaultRule::new(fault)));
        }
    }

    #[test]
    fn mistakes_are_told_with_what_to_write() {
        for (text, remedy) in [
            ("", "is no fault: write one of rate_limit,"),
            ("ratelimit", "is no fault: write one of rate_limit,"),
            ("status", "needs a value: write status=503"),
            ("status=abc", "from 200 to 599: write status=503"),
            ("status=100", "from 200 to 599: write status=503"),
            ("99999", "from 200 to 599: write status=503"),
            ("slow", "needs a value: write slow=2s"),
            ("slow=2", "write slow=500ms, slow=2s or slow=1m"),
            ("slow=-2s", "write slow=500ms, slow=2s or slow=1m"),
            ("slow=25h", "24 hours at most: write slow=2s"),
            ("slow=18446744073709551615h", "write slow=500ms"),
            ("reset=1", "write it without ="),
            ("reset*", "write reset*3"),
            ("reset*0", "write reset*1"),
            ("reset*-1", "write reset*3"),
            ("reset:", "write reset:5%"),
            ("reset:5", "write reset:5%"),
            ("reset:0%", "0.0001% at least and 100% at most: write reset:5%"),
            ("reset:101%", "100% at most: write reset:5%"),
            ("reset:NaN%", "write reset:5%"),
            ("reset*1*2", "says * twice"),
            ("reset@mail", "write one of any, email, bulk, reading, changing, webhooks, inbound"),
            ("reset@webhooks", "write @ and one of any, email, bulk, reading, changing"),
            ("webhook_lost@email", "write @ and one of webhooks, inbound"),
        ] {
            let error = text.parse::<FaultRule>().unwrap_err().to_string();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends_well(text in "[a-z_=*:@%0-9. -]{0,24}|.{0,24}") {
            if let Ok(rule) = text.parse::<FaultRule>() {
                proptest::prop_assert!(rule.to_string().parse::<FaultRule>().is_ok(), "{rule}");
            }
        }
    }
}
