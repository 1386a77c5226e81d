//! How values that have no JSON of their own are written into a file, and read again.

use crate::route;
use crate::suppression::SuppressionList;
use crate::webhooks::EVENTS;
use crate::webhooks::body::NO_SUCH_ACCOUNT;

/// A word that the program has in itself. Under this name serde does not take it for a part of what is read.
pub(crate) type Word = &'static str;

/// The words that the program has in itself and that values point to.
///
/// A word of a newer version is unknown, and what has it cannot be read.
pub(crate) fn known_word(text: &str) -> Option<&'static str> {
    let reasons = SuppressionList::ALL.into_iter().map(SuppressionList::reason);
    // What warnings are about.
    let warnings = ["subject", "text", "html", "template_id"];
    let mut words =
        reasons.chain(EVENTS.iter().copied()).chain([NO_SUCH_ACCOUNT]).chain(route::counted()).chain(warnings);
    words.find(|word| *word == text)
}

fn known(text: &str) -> Result<&'static str, String> {
    known_word(text).ok_or_else(|| format!("{text:?} is no word of this version"))
}

/// A word that the program has in itself.
pub(crate) mod word {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
        super::known(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Several words that the program has in itself.
pub(crate) mod words {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'static str>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let known = |text: String| super::known(&text).map_err(D::Error::custom);
        texts.into_iter().map(known).collect()
    }
}

/// A word that the program has in itself, or none.
pub(crate) mod maybe_word {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'static str>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::known(&text).map_err(D::Error::custom)).transpose()
    }
}

/// Bytes: as text where they are text, so that people can read the file, and otherwise as `{"base64": "…"}`.
pub(crate) mod bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Binary { base64: String },
    }

    pub(crate) fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = bytes.as_ref();
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Form::Binary { base64: STANDARD.encode(bytes) }.serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, D, B>(deserializer: D) -> Result<B, D::Error>
    where
        D: Deserializer<'de>,
        B: From<Vec<u8>>,
    {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(text.into_bytes().into()),
            Form::Binary { base64 } => STANDARD.decode(base64).map(Into::into).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use ::bytes::Bytes;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        #[serde(with = "super::bytes")]
        bytes: Bytes,
        #[serde(deserialize_with = "super::word::deserialize")]
        word: super::Word,
        #[serde(deserialize_with = "super::words::deserialize")]
        words: Vec<&'static str>,
        #[serde(deserialize_with = "super::maybe_word::deserialize")]
        perhaps: Option<super::Word>,
    }

    #[test]
    fn everything_is_read_as_it_was_written() {
        let check = |bytes: &'static [u8], json: &str| {
            let all = All {
                bytes: Bytes::from_static(bytes),
                word: "activity.sent",
                words: vec!["unsubscribed", "on_hold"],
                perhaps: Some("email"),
            };
            let written = serde_json::to_string(&all).unwrap();
            assert!(written.starts_with(json), "{written}");
            assert_eq!(serde_json::from_str::<All>(&written).unwrap(), all);
        };
        check(b"", r#"{"bytes":"","word":"#);
        check("Grüße \"\n".as_bytes(), r#"{"bytes":"Grüße \"\n","word":"#);
        check(b"\xff\x00", r#"{"bytes":{"base64":"/wA="},"word":"#);
    }

    #[test]
    fn an_unknown_word_is_an_error() {
        let error = serde_json::from_str::<All>(r#"{"bytes":"","word":"activity.dreamt","words":[],"perhaps":null}"#)
            .unwrap_err();
        assert!(error.to_string().contains("activity.dreamt"), "{error}");
    }
}
