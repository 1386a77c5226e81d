//! JSON in which nothing is where it should be for certain: what has a wrong type counts as absent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Something that takes from a JSON value what it can use. What it does not take is skipped, however deep it is, without
/// recursion and without memory.
pub(super) trait Lenient<'de>: Default {
    /// The value is a text.
    fn text(&mut self, _text: Cow<'de, str>) {}

    /// The value is `true` or `false`.
    fn boolean(&mut self, _value: bool) {}

    /// The value is a whole number.
    fn number(&mut self, _number: String) {}

    /// The value is an object.
    fn object(&mut self) {}

    /// The value is an object with this member, whose value must be taken. Of several with one name, the last counts.
    fn member<A: MapAccess<'de>>(&mut self, _name: &str, members: &mut A) -> Result<(), A::Error> {
        members.next_value::<IgnoredAny>().map(|_| ())
    }

    /// The value is a list with another item, which must be taken; false after the last one.
    fn item<A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<bool, A::Error> {
        Ok(items.next_element::<IgnoredAny>()?.is_some())
    }
}

/// Reads a value leniently to where it belongs: objects are large, and returned ones would be copied at every level.
pub(super) struct To<'v, T>(pub(super) &'v mut T);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for To<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // What an earlier member of the same name has left.
        *self.0 = T::default();
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Lenient<'de>> Visitor<'de> for To<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<(), E> {
        self.0.boolean(boolean);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.number(number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.number(number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.0.text(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.object();
        let mut name = Text::default();
        while members.next_key_seed(To(&mut name))?.is_some() {
            self.0.member(name.as_str().unwrap_or_default(), &mut members)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while self.0.item(&mut items)? {}
        Ok(())
    }
}

/// A text.
#[derive(Debug, Default)]
pub(super) struct Text<'de>(pub(super) Option<Cow<'de, str>>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(super) fn into_owned(self) -> Option<String> {
        self.0.map(Cow::into_owned)
    }
}

impl<'de> Lenient<'de> for Text<'de> {
    fn text(&mut self, text: Cow<'de, str>) {
        self.0 = Some(text);
    }
}

/// An id or a code: a text that says something, or a whole number.
#[derive(Debug, Default)]
pub(super) struct Code<'de>(pub(super) Option<Cow<'de, str>>);

impl Code<'_> {
    pub(super) fn into_owned(self) -> Option<String> {
        self.0.map(Cow::into_owned)
    }
}

impl<'de> Lenient<'de> for Code<'de> {
    fn text(&mut self, text: Cow<'de, str>) {
        self.0 = Some(text).filter(|text| !text.is_empty());
    }

    fn number(&mut self, number: String) {
        self.0 = Some(Cow::Owned(number));
    }
}

/// True or false.
#[cfg(feature = "inbound")]
#[derive(Debug, Default)]
pub(super) struct Flag(pub(super) Option<bool>);

#[cfg(feature = "inbound")]
impl Lenient<'_> for Flag {
    fn boolean(&mut self, value: bool) {
        self.0 = Some(value);
    }
}

/// A list of texts; what is no text in it is left out.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Lenient<'de> for Texts {
    fn item<A: SeqAccess<'de>>(&mut self, items: &mut A) -> Result<bool, A::Error> {
        let mut item = Text::default();
        let is_item = items.next_element_seed(To(&mut item))?.is_some();
        self.0.extend(item.into_owned());
        Ok(is_item)
    }
}

/// An object of which some members are wanted, each under its own name.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($member:literal => $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'de> {
            /// Whether it is an object at all.
            pub(super) is_object: bool,
            /// What it is if it is a text instead.
            pub(super) text: $crate::mailersend::lenient::Text<'de>,
            $(pub(super) $field: $kind,)*
        }

        impl<'de> $crate::mailersend::lenient::Lenient<'de> for $name<'de> {
            fn text(&mut self, text: std::borrow::Cow<'de, str>) {
                self.text.0 = Some(text);
            }

            fn object(&mut self) {
                self.is_object = true;
            }

            fn member<A: serde::de::MapAccess<'de>>(&mut self, name: &str, members: &mut A) -> Result<(), A::Error> {
                match name {
                    $($member => members.next_value_seed($crate::mailersend::lenient::To(&mut self.$field)),)*
                    _ => members.next_value::<serde::de::IgnoredAny>().map(|_| ()),
                }
            }
        }
    };
}

pub(super) use object;

/// Reads a whole text. JSON that only a number beyond range or half a surrogate pair makes unreadable is read without
/// that: the text that was read comes back, too.
pub(super) fn from_str<'t, T: Lenient<'t>>(text: &'t str, mended: &'t mut String) -> Option<(T, &'t str)> {
    if let Ok(value) = whole(text) {
        return Some((value, text));
    }
    *mended = mend(text);
    whole(mended).ok().map(|value| (value, mended.as_str()))
}

fn whole<'t, T: Lenient<'t>>(text: &'t str) -> serde_json::Result<T> {
    let mut value = T::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    To(&mut value).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Puts `null` in the place of numbers beyond range, and U+FFFD in that of halves of surrogate pairs.
fn mend(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, token) = rest.split_at(start);
        mended.push_str(before);
        rest = if let Some(string) = token.strip_prefix('"') {
            mended.push('"');
            mend_string(string, &mut mended)
        } else {
            let end = token.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
            let (number, rest) = token.split_at(end.unwrap_or(token.len()));
            let is_too_large = number.parse().is_ok_and(f64::is_infinite);
            mended.push_str(if is_too_large { "null" } else { number });
            rest
        };
    }
    mended.push_str(rest);
    mended
}

/// Copies the rest of a string, its closing quote included, and returns what follows.
fn mend_string<'t>(mut rest: &'t str, mended: &mut String) -> &'t str {
    while let Some(end) = rest.find(['"', '\\']) {
        let (before, special) = rest.split_at(end);
        mended.push_str(before);
        if let Some(after) = special.strip_prefix('"') {
            mended.push('"');
            return after;
        }
        let escape_end = match (surrogate(special), special.get(6..).and_then(surrogate)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(_), _) => {
                mended.push_str("\\ufffd");
                rest = special.get(6..).unwrap_or_default();
                continue;
            }
            // The character after the backslash, whatever it is.
            (None, _) => special.char_indices().nth(2).map_or(special.len(), |(place, _)| place),
        };
        let (escape, after) = special.split_at(escape_end);
        mended.push_str(escape);
        rest = after;
    }
    mended.push_str(rest);
    ""
}

/// The half of a surrogate pair that a text begins with.
fn surrogate(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok().filter(|unit| (0xD800..=0xDFFF).contains(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_allows_and_rust_does_not_is_mended() {
        for (text, expected) in [
            (r#"{"a":1e999,"b":-1E+400,"c":12}"#, r#"{"a":null,"b":null,"c":12}"#),
            (r#"["1e999","\"1e999","\\",1e999]"#, r#"["1e999","\"1e999","\\",null]"#),
            (
                r#"["\ud83d\ude00","\ud83d","\ude00x","\ud83d\ud83d\ude00"]"#,
                "[\"\\ud83d\\ude00\",\"\\ufffd\",\"\\ufffdx\",\"\\ufffd\\ud83d\\ude00\"]",
            ),
            (r#"["\uD83D\n","\u00e9é\é"#, r#"["\ufffd\n","\u00e9é\é"#),
            ("\"\\", "\"\\"),
            ("\"\\ud8", "\"\\ud8"),
            ("-", "-"),
            ("", ""),
        ] {
            assert_eq!(mend(text), expected);
        }
    }
}
