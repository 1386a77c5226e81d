//! What values mean to Twig, which is what they mean to PHP.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::{Map, Value as Json};

/// A value while a template is rendered: borrowed from the template or the data wherever it can be.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Whole(i64),
    Real(f64),
    Str(&'a str),
    Text(Rc<str>),
    /// A list of the data.
    Array(&'a [Json]),
    /// An object of the data.
    Map(&'a Map<String, Json>),
    List(Rc<[Self]>),
    Object(Rc<[(Self, Self)]>),
    Loop(Loop),
    /// The variables there were when this many had been made.
    Scope(usize),
}

/// What `loop` tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    /// From zero.
    pub(super) index: usize,
    pub(super) length: usize,
    /// How many variables there were before it.
    pub(super) outer: usize,
}

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

    /// Without what is behind the point.
    pub(super) fn whole(self) -> i64 {
        match self {
            Self::Whole(number) => number,
            #[expect(clippy::cast_possible_truncation, reason = "what PHP does, too")]
            Self::Real(number) => number as i64,
        }
    }
}

impl From<Number> for Value<'_> {
    fn from(number: Number) -> Self {
        match number {
            Number::Whole(number) => Self::Whole(number),
            Number::Real(number) => Self::Real(number),
        }
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Vec<Self>> for Value<'_> {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items.into())
    }
}

impl<'a> From<&'a Json> for Value<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| Self::Real(number.as_f64().unwrap_or_default()), Self::Whole)
            }
            Json::String(text) => Self::Str(text),
            Json::Array(items) => Self::Array(items),
            Json::Object(map) => Self::Map(map),
        }
    }
}

impl<'a> Value<'a> {
    /// The text, when it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How it is written into a text.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Null | Self::Bool(false) => "".into(),
            Self::Bool(true) => "1".into(),
            Self::Whole(number) => number.to_string().into(),
            Self::Real(number) => real_text(*number).into(),
            Self::Str(text) => (*text).into(),
            Self::Text(text) => (&**text).into(),
            // PHP's word for a list where a text is wanted.
            Self::Array(_) | Self::Map(_) | Self::List(_) | Self::Object(_) | Self::Loop(_) | Self::Scope(_) => {
                "Array".into()
            }
        }
    }

    /// The number that it is or stands for; missing ones are nothing, texts must be numeric.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Null => Some(Number::Whole(0)),
            Self::Bool(value) => Some(Number::Whole(i64::from(*value))),
            Self::Whole(number) => Some(Number::Whole(*number)),
            Self::Real(number) => Some(Number::Real(*number)),
            _ => numeric(self.as_str()?),
        }
    }

    /// How many items a list or an object has.
    pub(super) fn count(&self) -> Option<usize> {
        match self {
            Self::Array(items) => Some(items.len()),
            Self::Map(map) => Some(map.len()),
            Self::List(items) => Some(items.len()),
            Self::Object(pairs) => Some(pairs.len()),
            _ => None,
        }
    }

    /// How much work it may be to look at all of it.
    pub(super) fn weight(&self) -> usize {
        self.count().unwrap_or_else(|| self.as_str().map_or(0, str::len) / 32)
    }

    /// Whether a condition with this value holds.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Whole(number) => *number != 0,
            Self::Real(number) => *number != 0.0,
            Self::Str(_) | Self::Text(_) => !matches!(self.as_str(), Some("" | "0")),
            _ => self.count() != Some(0),
        }
    }

    /// What the test `empty` and the filter `default` ask.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => true,
            Self::Bool(true) | Self::Whole(_) | Self::Real(_) | Self::Loop(_) | Self::Scope(_) => false,
            Self::Str(_) | Self::Text(_) => self.as_str() == Some(""),
            Self::Array(_) | Self::Map(_) | Self::List(_) | Self::Object(_) => self.count() == Some(0),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn is_text(&self) -> bool {
        self.as_str().is_some()
    }

    /// How much work it is to find one [item](Self::item).
    pub(super) fn search(&self) -> usize {
        if let Self::Object(pairs) = self { pairs.len() } else { 0 }
    }

    /// What it has under `key`.
    pub(super) fn item(&self, key: &Value<'_>) -> Option<Value<'a>> {
        let place = || match (key, key.number()?) {
            (Value::Whole(_) | Value::Bool(_), Number::Whole(number)) => usize::try_from(number).ok(),
            // `'1'` is a place, `'01'` is a name.
            (_, Number::Whole(number)) if key.as_str() == Some(&number.to_string()) => usize::try_from(number).ok(),
            _ => None,
        };
        match self {
            Self::Array(items) => items.get(place()?).map(Value::from),
            Self::List(items) => items.get(place()?).cloned(),
            Self::Map(map) => map.get(&*key.text()).map(Value::from),
            Self::Object(pairs) => {
                let key = key.text();
                pairs.iter().find(|(known, _)| known.text() == key).map(|(_, value)| value.clone())
            }
            Self::Loop(Loop { index, length, outer }) => Some(match &*key.text() {
                "index0" => (*index).into(),
                "index" => index.saturating_add(1).into(),
                "revindex" => length.saturating_sub(*index).into(),
                "revindex0" => length.saturating_sub(*index).saturating_sub(1).into(),
                "first" => Self::Bool(*index == 0),
                "last" => Self::Bool(index.saturating_add(1) == *length),
                "length" => (*length).into(),
                "parent" => Self::Scope(*outer),
                _ => return None,
            }),
            _ => None,
        }
    }

    /// Positions and items of a list, or keys and values of an object; nothing for anything else.
    pub(super) fn pairs(&self) -> Vec<(Self, Self)> {
        match self {
            Self::Array(items) => items.iter().enumerate().map(|(at, item)| (at.into(), item.into())).collect(),
            Self::Map(map) => map.iter().map(|(key, value)| (Self::Str(key), value.into())).collect(),
            Self::List(items) => items.iter().enumerate().map(|(at, item)| (at.into(), item.clone())).collect(),
            Self::Object(pairs) => pairs.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The items of a list, or the values of an object.
    pub(super) fn values(&self) -> Vec<Self> {
        self.pairs().into_iter().map(|(_, value)| value).collect()
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

/// What PHP passes over round a number, and Twig between words.
pub(super) fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

fn numeric(text: &str) -> Option<Number> {
    let text = text.trim_matches(is_space);
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    text.parse().map(Number::Whole).ok().or_else(|| text.parse().map(Number::Real).ok())
}
