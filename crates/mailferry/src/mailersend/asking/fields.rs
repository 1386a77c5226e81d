//! An object of an answer, read without trusting its types: PHP writes empty objects as `[]`, numbers as texts and
//! "none" as an empty text.

use serde_json::Value;

use crate::datetime::DateTime;
use crate::secret::Secret;

/// The members of a value; of anything but an object, none.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'v>(&'v Value);

impl<'v> Fields<'v> {
    pub(crate) fn of(value: &'v Value) -> Self {
        Self(value)
    }

    pub(crate) fn value(self, name: &str) -> &'v Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    pub(crate) fn object(self, name: &str) -> Self {
        Self(self.value(name))
    }

    /// A text, or a number as one; an empty text is none.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        match self.value(name) {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The same, where nothing is an empty word.
    pub(crate) fn word(self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn date(self, name: &str) -> Option<DateTime> {
        self.value(name).as_str()?.parse().ok()
    }

    /// True or false, also as 1 or 0.
    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        match self.value(name) {
            Value::Bool(flag) => Some(*flag),
            other => match whole(other)? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
        }
    }

    /// A whole number, also as text.
    pub(crate) fn number(self, name: &str) -> Option<i64> {
        whole(self.value(name))
    }

    pub(crate) fn count(self, name: &str) -> Option<u64> {
        u64::try_from(self.number(name)?).ok()
    }

    /// The items of a list, which may be an object or missing.
    pub(crate) fn items(self, name: &str) -> Vec<&'v Value> {
        items(self.value(name))
    }

    /// The texts of a list; a text alone is a list of one.
    pub(crate) fn texts(self, name: &str) -> Vec<String> {
        match self.value(name) {
            Value::String(text) if !text.is_empty() => vec![text.clone()],
            list => items(list).into_iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Takes a secret out of an object, so that what is kept of it can be shown.
pub(crate) fn take_secret(object: &mut Value, names: &[&str]) -> Option<Secret> {
    let members = object.as_object_mut()?;
    let mut secret = None;
    for name in names {
        if let Some(Value::String(text)) = members.remove(*name)
            && !text.is_empty()
        {
            secret.get_or_insert_with(|| Secret::new(text));
        }
    }
    secret
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_in_every_form_that_was_seen() {
        let value = json!({
            "none": null, "empty": "", "text": "a", "number": 7, "digits": " 10 ", "huge": 1e300,
            "yes": true, "one": 1, "zero": "0",
            "list": ["a", 1, null, "b"], "object": {"x": "a"}, "php": [],
            "date": "2025-07-29T14:20:32.000000Z", "spaced": "2025-08-05 22:27:14",
        });
        let fields = Fields::of(&value);
        let texts: Vec<_> =
            ["none", "empty", "text", "number", "list", "missing"].iter().map(|name| fields.text(name)).collect();
        assert_eq!(texts, [None, None, Some("a".to_owned()), Some("7".to_owned()), None, None]);
        let numbers: Vec<_> =
            ["number", "digits", "huge", "text", "php"].iter().map(|name| fields.number(name)).collect();
        assert_eq!(numbers, [Some(7), Some(10), None, None, None]);
        let flags: Vec<_> = ["yes", "one", "zero", "number", "none"].iter().map(|name| fields.flag(name)).collect();
        assert_eq!(flags, [Some(true), Some(true), Some(false), None, None]);
        let lists: Vec<_> =
            ["list", "object", "php", "text", "none"].iter().map(|name| fields.texts(name).join("+")).collect();
        assert_eq!(lists, ["a+b", "a", "", "a", ""]);
        assert_eq!(fields.date("date").unwrap().unix_seconds(), 1_753_798_832);
        assert!(fields.date("spaced").is_some() && fields.date("number").is_none());
        assert_eq!(Fields::of(&json!([1])).text("text"), None);
    }

    #[test]
    fn a_secret_is_taken_out_under_either_name() {
        let mut both = json!({"secret": "", "signing_secret": "b", "id": 1});
        assert_eq!(take_secret(&mut both, &["secret", "signing_secret"]).unwrap().expose(), "b");
        assert_eq!(both, json!({"id": 1}));
        assert!(take_secret(&mut json!([]), &["secret"]).is_none());
    }
}
