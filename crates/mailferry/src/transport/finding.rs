//! What a service's documented limits say about a message before it is sent.

use std::fmt;
use std::str::FromStr;

/// What to do with findings about a service's documented limits. An account may have others, so they can be left to
/// the service; what can never be right is refused whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preflight {
    /// Refuse to send.
    #[default]
    Refuse,
    /// Send, and list them in [`SendStatus::warnings`](super::SendStatus::warnings).
    Warn,
    /// Do not look.
    Off,
}

impl FromStr for Preflight {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "warn" => Ok(Self::Warn),
            "off" => Ok(Self::Off),
            _ => Err("`refuse`, `warn` or `off`"),
        }
    }
}

impl fmt::Display for Preflight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "refuse",
            Self::Warn => "warn",
            Self::Off => "off",
        })
    }
}

/// Something that the service would refuse, or change without a word, as far as its documentation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    path: String,
    text: String,
    remedy: String,
    refused: bool,
}

impl Finding {
    /// A limit that the message at `path` breaks: the service would refuse it.
    pub fn limit(path: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), remedy: remedy.into(), refused: true }
    }

    /// Something the service accepts, though not as it was probably meant. Never a reason to refuse.
    pub fn advice(path: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refused: false, ..Self::limit(path, text, remedy) }
    }

    /// Where: the field's name, with an index from 0 or a key.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was found.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to do about it.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Whether the service would refuse the message for it.
    pub fn is_limit(&self) -> bool {
        self.refused
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.text)?;
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}
