//! Extra headers: ordered, and the same whatever their case.

use super::invalid::breaks_line;

/// Extra header fields, in order. Names are compared without regard to case; setting a name again replaces its value
/// and spelling where it first stood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    fields: Vec<(String, String)>,
}

impl Headers {
    /// The value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Name and value of each header, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Sets a header. The caller has checked it with [`is_name`] and [`is_value`].
    pub(crate) fn set(&mut self, name: String, value: String) {
        match self.fields.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some(field) => *field = (name, value),
            None => self.fields.push((name, value)),
        }
    }

    /// Keeps the headers of which the name is wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.fields.retain(|(name, _)| wanted(name));
    }

    /// Lays these headers over `self`.
    pub(crate) fn extend(&mut self, over: &Headers) {
        for (name, value) in &over.fields {
            self.set(name.clone(), value.clone());
        }
    }
}

/// Whether text can be the name of a header field: RFC 5322 allows printable ASCII but the colon; wider text is let
/// through, since the receiving service may encode it, but never what could end the name or the line.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_control() || c.is_whitespace() || c == ':')
}

/// Whether text can be the value of a header field.
pub(crate) fn is_value(value: &str) -> bool {
    !breaks_line(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HDR-11
    #[test]
    fn a_repeated_name_keeps_its_place_and_takes_the_later_spelling() {
        let mut headers = Headers::default();
        for (name, value) in [("X-A", "1"), ("X-B", "2"), ("x-a", "3")] {
            headers.set(name.to_owned(), value.to_owned());
        }
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("x-a", "3"), ("X-B", "2")]);
        assert_eq!(headers.get("X-a"), Some("3"));
    }

    #[test]
    fn names_that_could_end_the_line_are_refused() {
        for name in ["", "X A", "X:A", "X\rA", "X\nA", "X\0A", "X\u{85}A"] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name("X-Ünïcode"));
        assert!(!is_value("a\r\nBcc: x@example.com"));
    }
}
