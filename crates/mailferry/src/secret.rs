//! A value that cannot be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A token or key. It has no `Display`, its `Debug` hides it, and its memory is wiped when it is dropped.
///
/// ```
/// use mailferry::Secret;
///
/// assert_eq!(format!("{:?}", Secret::new("mlsn.1234")), "Secret(…)");
/// ```
///
/// ```compile_fail,E0277
/// println!("{}", mailferry::Secret::new("mlsn.1234"));
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}
