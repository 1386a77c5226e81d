//! The headers of a request, as few pieces of memory: every request that is remembered has some.

use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names and values in the order sent. They are taken apart when somebody looks at all of them.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    /// All names and values, one after the other.
    text: String,
    /// Where each name and its value end.
    ends: Vec<(usize, usize)>,
    list: OnceLock<Vec<(String, String)>>,
}

impl Headers {
    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.iter().filter_map(move |(name, value)| {
            let start = std::mem::replace(&mut from, *value);
            Some((self.text.get(start..*name)?, self.text.get(*name..*value)?))
        })
    }

    /// The first one called `name`, in any case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All of them.
    pub(crate) fn list(&self) -> &[(String, String)] {
        self.list.get_or_init(|| self.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Roughly how much memory it takes once somebody has looked at it, for the cap.
    pub(crate) fn weight(&self) -> usize {
        let each: usize = self.ends.len().saturating_mul(96);
        each.saturating_add(self.text.len().saturating_mul(2))
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut all = Self::default();
        for (name, value) in headers {
            all.text.push_str(name.as_ref());
            let end = all.text.len();
            all.text.push_str(value.as_ref());
            all.ends.push((end, all.text.len()));
        }
        all
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<(String, String)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stay_as_they_were_sent() {
        let sent = [("a", "1"), ("", ""), ("Bc", "\u{e4}\n"), ("a", "2")];
        let headers: Headers = sent.into_iter().collect();
        assert_eq!((headers.get("A"), headers.get("bC"), headers.get("c")), (Some("1"), Some("\u{e4}\n"), None));
        let list: Vec<_> = headers.list().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(list, sent);
        let written = serde_json::to_string(&headers).unwrap();
        assert_eq!(written, "[[\"a\",\"1\"],[\"\",\"\"],[\"Bc\",\"\u{e4}\\n\"],[\"a\",\"2\"]]");
        assert_eq!(serde_json::from_str::<Headers>(&written).unwrap().list(), headers.list());
    }
}
