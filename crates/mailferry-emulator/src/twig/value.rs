//! What values mean to Twig, which is what they mean to PHP.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::ValueKind;

/// A number as PHP has them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    pub(super) fn real(self) -> f64 {
        match self {
            // PHP rounds large integers in the same way.
            #[expect(clippy::cast_precision_loss, reason = "what PHP does")]
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }

    pub(super) fn value(self) -> Value {
        match self {
            Self::Whole(number) => number.into(),
            Self::Real(number) => number.into(),
        }
    }
}

/// JSON as template data. Recursion is as deep as the JSON, which the parser limits to 128 levels.
pub(super) fn convert(data: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match data {
        Json::Null => Value::from(()),
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), Value::from),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(convert).collect::<Vec<_>>().into(),
        Json::Object(map) => {
            map.iter().map(|(key, value)| (key.as_str(), convert(value))).collect::<BTreeMap<_, _>>().into()
        }
    }
}

/// How a value is written into a text.
pub(super) fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => String::new(),
        ValueKind::Bool => if value.is_true() { "1" } else { "" }.to_owned(),
        ValueKind::Number => match number(value) {
            Some(Number::Whole(number)) => number.to_string(),
            Some(Number::Real(number)) => real_text(number),
            None => String::new(),
        },
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        // PHP's word for a list where a text is wanted.
        _ => "Array".to_owned(),
    }
}

/// Fourteen significant digits, and an exponent for very large and very small numbers: what PHP's `echo` writes.
fn real_text(number: f64) -> String {
    const DIGITS: usize = 14;
    if !number.is_finite() {
        return if number.is_nan() {
            "NAN"
        } else if number > 0.0 {
            "INF"
        } else {
            "-INF"
        }
        .to_owned();
    }
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..14).contains(&exponent) {
        let places = usize::try_from(13_i32.saturating_sub(exponent)).unwrap_or_default();
        let plain = format!("{number:.places$}");
        let plain = if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.') } else { &plain };
        return plain.to_owned();
    }
    let digits = digits.trim_end_matches('0');
    let zero = if digits.ends_with('.') { "0" } else { "" };
    format!("{digits}{zero}E{exponent:+}")
}

/// The number that a value is or stands for; missing ones are nothing, texts must be numeric.
pub(super) fn number(value: &Value) -> Option<Number> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Some(Number::Whole(0)),
        ValueKind::Bool => Some(Number::Whole(i64::from(value.is_true()))),
        ValueKind::Number if value.is_integer() => match i64::try_from(value.clone()) {
            Ok(number) => Some(Number::Whole(number)),
            Err(_) => f64::try_from(value.clone()).ok().map(Number::Real),
        },
        ValueKind::Number => f64::try_from(value.clone()).ok().map(Number::Real),
        ValueKind::String => numeric(value.as_str()?),
        _ => None,
    }
}

fn numeric(text: &str) -> Option<Number> {
    let text = text.trim();
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    text.parse().map(Number::Whole).ok().or_else(|| text.parse().map(Number::Real).ok())
}

/// Whether a condition with this value holds.
pub(super) fn truth(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => false,
        ValueKind::Bool => value.is_true(),
        ValueKind::Number => number(value).is_some_and(|number| number.real() != 0.0),
        ValueKind::String => !matches!(value.as_str(), None | Some("" | "0")),
        _ => value.len() != Some(0),
    }
}

/// What the test `empty` and the filter `default` ask.
pub(super) fn is_empty(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::Bool => !value.is_true(),
        ValueKind::Number => false,
        _ => value.len() == Some(0),
    }
}

pub(super) fn is_null(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

/// Whether `==` holds.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    let one_is = |kind| left.kind() == kind || right.kind() == kind;
    if one_is(ValueKind::Bool) || is_null(left) || is_null(right) {
        truth(left) == truth(right) && (one_is(ValueKind::Bool) || is_empty(left) == is_empty(right))
    } else if one_is(ValueKind::Number) || (one_is(ValueKind::String) && left.kind() == right.kind()) {
        compare(left, right) == Ordering::Equal
    } else {
        left == right
    }
}

/// In which order `<` and its like see two values: numbers and numeric texts as numbers, all else as texts.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (number(left), number(right)) {
        (Some(Number::Whole(left)), Some(Number::Whole(right))) => left.cmp(&right),
        (Some(left), Some(right)) => left.real().total_cmp(&right.real()),
        _ => text(left).cmp(&text(right)),
    }
}

/// The items of a list, or the values of an object.
pub(super) fn values(value: &Value) -> Vec<Value> {
    pairs(value).into_iter().map(|(_, value)| value).collect()
}

/// Positions and items of a list, or keys and values of an object; nothing for anything else.
pub(super) fn pairs(value: &Value) -> Vec<(Value, Value)> {
    let Ok(items) = value.try_iter() else { return Vec::new() };
    match value.kind() {
        ValueKind::Map => items
            .map(|key| {
                let item = value.get_item(&key).unwrap_or_default();
                (key, item)
            })
            .collect(),
        ValueKind::Seq | ValueKind::Iterable => {
            items.enumerate().map(|(position, item)| (Value::from(position), item)).collect()
        }
        _ => Vec::new(),
    }
}
