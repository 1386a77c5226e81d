//! What the emulator has to say about an email that MailerSend would send without a word.

use std::fmt;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec;

/// Something about one email that its sender probably did not mean.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Warning {
    /// Where it was found: `subject`, `text`, `html` or `template_id`.
    pub field: &'static str,
    /// What it is.
    pub kind: WarningKind,
    /// The name of the variable, of the token, or the id of the template; empty when there is none.
    pub name: String,
}

/// The kinds of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A variable has no value for this recipient, who sees nothing in its place.
    MissingVariable,
    /// `{$name}` stays as it is: the simple syntax is [off](crate::Builder::simple_variables).
    SimpleSyntax,
    /// `{{ … }}` stays as it is: without `personalization` nothing is compiled.
    NotCompiled,
    /// The emulator has no such template, so that nothing is known of what the recipient sees.
    UnknownTemplate,
}

impl WarningKind {
    const ALL: [Self; 4] = [Self::MissingVariable, Self::SimpleSyntax, Self::NotCompiled, Self::UnknownTemplate];

    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingVariable => "missing_variable",
            Self::SimpleSyntax => "simple_syntax",
            Self::NotCompiled => "not_compiled",
            Self::UnknownTemplate => "unknown_template",
        }
    }
}

impl Warning {
    pub(crate) fn new(field: &'static str, kind: WarningKind, name: impl Into<String>) -> Self {
        Self { field, kind, name: name.into() }
    }

    /// A word and what is quoted with it, roughly in bytes, for the cap.
    pub(crate) fn weight(&self) -> usize {
        64_usize.saturating_add(self.name.len())
    }
}

impl fmt::Display for Warning {
    /// A sentence for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, kind, name } = self;
        match kind {
            WarningKind::MissingVariable => {
                write!(f, "`{name}` has no value for this recipient, so nothing is shown in its place")
            }
            WarningKind::SimpleSyntax => write!(
                f,
                "`{{${name}}}` is MailerSend's older syntax and stays as it is; write `{{{{ {name} }}}}`, or allow it with \
                 --simple-variables"
            ),
            WarningKind::NotCompiled => {
                write!(f, "the {field} has tags that stay as they are, since the message has no `personalization`")
            }
            WarningKind::UnknownTemplate => {
                write!(f, "the emulator has no template `{name}`, so it cannot show its content")
            }
        }
    }
}

/// As it is serialized; its sentence is made again.
impl<'de> Deserialize<'de> for Warning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(deserialize_with = "codec::word::deserialize")]
            field: codec::Word,
            kind: String,
            name: String,
        }
        let Written { field, kind, name } = Written::deserialize(deserializer)?;
        let known = WarningKind::ALL.into_iter().find(|known| known.as_str() == kind);
        let kind = known.ok_or_else(|| D::Error::custom(format!("{kind:?} is no warning of this version")))?;
        Ok(Self { field, kind, name })
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut warning = serializer.serialize_struct("Warning", 4)?;
        warning.serialize_field("field", self.field)?;
        warning.serialize_field("kind", self.kind.as_str())?;
        warning.serialize_field("name", &self.name)?;
        warning.serialize_field("text", &self.to_string())?;
        warning.end()
    }
}
