//! The three states of a message's field, and the names of the fields.

use std::fmt;
use std::str::FromStr;

/// What a message says about one of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Field<T> {
    /// Nothing: a default applies.
    #[default]
    Unset,
    /// That there is to be none: a default does not apply.
    Cleared,
    /// A value, which a default may still be combined with.
    Set(T),
}

impl<T> Field<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Unset | Self::Cleared => None,
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }

    pub(crate) fn is_unset(&self) -> bool {
        matches!(self, Self::Unset)
    }

    /// Changes the value; anything but a value becomes an empty one first.
    pub(crate) fn update(&mut self, change: impl FnOnce(&mut T))
    where
        T: Default,
    {
        let mut value = match std::mem::take(self) {
            Self::Set(value) => value,
            Self::Unset | Self::Cleared => T::default(),
        };
        change(&mut value);
        *self = Self::Set(value);
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The name of a message's field, as the interchange form, the settings and the command spell it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Key {
            $($(#[$doc])* $variant,)*
        }

        impl Key {
            /// Every key, in the order in which a message is processed.
            pub const ALL: &'static [Key] = &[$(Key::$variant),*];

            /// The word for this field.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Key::$variant => $name,)*
                }
            }
        }
    };
}

keys! {
    /// The visible sender.
    From = "from",
    /// Primary recipients.
    To = "to",
    /// Recipients of a copy.
    Cc = "cc",
    /// Recipients of a hidden copy.
    Bcc = "bcc",
    /// The subject line.
    Subject = "subject",
    /// Where answers go.
    ReplyTo = "reply_to",
    /// Extra headers.
    Headers = "headers",
    /// Plain text body.
    Text = "text",
    /// HTML body.
    Html = "html",
    /// Attachments and inline parts.
    Attachments = "attachments",
    /// Where bounces go.
    EnvelopeSender = "envelope_sender",
    /// Data returned with events.
    Metadata = "metadata",
    /// When to send.
    SendAt = "send_at",
    /// Words to group by.
    Tags = "tags",
    /// Click tracking.
    TrackClicks = "track_clicks",
    /// Open tracking.
    TrackOpens = "track_opens",
    /// Stored template.
    TemplateId = "template_id",
    /// Template values by recipient.
    MergeData = "merge_data",
    /// Template values of all recipients.
    MergeGlobalData = "merge_global_data",
    /// Headers by recipient.
    MergeHeaders = "merge_headers",
    /// Metadata by recipient.
    MergeMetadata = "merge_metadata",
    /// The service's own parameters.
    EspExtra = "esp_extra",
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Key::ALL.iter().copied().find(|key| key.as_str() == text).ok_or(())
    }
}
