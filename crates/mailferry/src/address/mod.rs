//! Addresses and mailboxes: RFC 5322 in, IDNA out.
//!
//! An [`Address`] is one addr-spec (`ann@one.example`); a [`Mailbox`] is an address with an optional display name
//! (`"Lee, Ann" <ann@one.example>`). Both are parsed once and believed afterwards: whatever exists is valid, has no
//! line break in it, and knows the ASCII form of its domain.
//!
//! The parser forgives what people write (stray white space, a missing `>`, comments, groups, encoded words) and
//! refuses what could mean something else, each mistake with its own [`Mistake`].

mod encoded_word;
mod error;
mod idna;
mod mailbox;
mod parse;

#[cfg(test)]
mod tests;

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use self::error::{DomainMistake, InvalidAddress, Mistake};
pub use self::mailbox::Mailbox;

/// One email address, without a name: a local part, `@`, a domain.
///
/// Its text is kept as it was written, upper case and Unicode included, except that white space and unneeded quotes
/// are left out. Two addresses are equal when their texts are; use [`matches`](Self::matches) to ask whether they
/// mean the same.
///
/// ```
/// use mailferry::Address;
///
/// let address: Address = "Jörg@BÜCHER.example".parse()?;
/// assert_eq!(address.as_str(), "Jörg@BÜCHER.example");
/// assert_eq!(address.local_part(), "Jörg");
/// assert_eq!(address.domain(), "BÜCHER.example");
/// assert_eq!(address.to_ascii(), "Jörg@xn--bcher-kva.example");
/// # Ok::<(), mailferry::InvalidAddress>(())
/// ```
#[derive(Clone)]
pub struct Address {
    text: Box<str>,
    /// Where the `@` is that parts the two.
    at: usize,
    /// The text with its domain encoded; `None` when the domain is ASCII already.
    ascii: Option<Box<str>>,
}

impl Address {
    /// From the two parts, valid and put together already.
    fn new(text: Box<str>, at: usize) -> Result<Self, InvalidAddress> {
        let (local_part, domain) = text.split_at_checked(at).unwrap_or_default();
        if domain.is_ascii() {
            return Ok(Self { text, at, ascii: None });
        }
        let encoded = idna::to_ascii(domain.trim_start_matches('@'))
            .map_err(|mistake| InvalidAddress::new(Mistake::Domain(mistake), &text))?;
        let ascii = format!("{local_part}@{encoded}").into_boxed_str();
        Ok(Self { ascii: Some(ascii), text, at })
    }

    /// The address as it was written, without needless white space and quotes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is before the `@`, in quotes if it needs them.
    pub fn local_part(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// What is after the `@`, in Unicode if it was written so.
    pub fn domain(&self) -> &str {
        self.text.get(self.at.saturating_add(1)..).unwrap_or_default()
    }

    /// The address as requests carry it: the domain encoded by IDNA 2008 unless it is ASCII already, in which case it
    /// is left as it is, byte for byte. The local part is never changed.
    ///
    /// The encoding was done when the address was parsed; this costs nothing.
    ///
    /// ```
    /// use mailferry::Address;
    ///
    /// let encoded = |text| Address::try_from(text).map(|address| address.to_ascii().to_owned());
    /// assert_eq!(encoded("a@straße.example")?, "a@xn--strae-oqa.example");
    /// assert_eq!(encoded("a@MAIL.example")?, "a@MAIL.example");
    /// # Ok::<(), mailferry::InvalidAddress>(())
    /// ```
    pub fn to_ascii(&self) -> &str {
        self.ascii.as_deref().unwrap_or(&self.text)
    }

    /// Whether the two mean the same: the same [`key`](Self::key).
    ///
    /// ```
    /// use mailferry::Address;
    ///
    /// let one: Address = "Ann@BÜCHER.example".parse()?;
    /// let other: Address = "ann@xn--bcher-kva.example".parse()?;
    /// assert!(one.matches(&other));
    /// assert_ne!(one, other);
    /// # Ok::<(), mailferry::InvalidAddress>(())
    /// ```
    pub fn matches(&self, other: &Self) -> bool {
        let (one, other) = (self.to_ascii(), other.to_ascii());
        if one.is_ascii() && other.is_ascii() {
            one.eq_ignore_ascii_case(other)
        } else {
            one.to_lowercase() == other.to_lowercase()
        }
    }

    /// What to look the address up by: the local part and the encoded domain, in lower case.
    ///
    /// ```
    /// use mailferry::Address;
    ///
    /// let address: Address = "Ann@BÜCHER.example".parse()?;
    /// assert_eq!(address.key(), "ann@xn--bcher-kva.example");
    /// # Ok::<(), mailferry::InvalidAddress>(())
    /// ```
    pub fn key(&self) -> Cow<'_, str> {
        let ascii = self.to_ascii();
        if ascii.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            Cow::Borrowed(ascii)
        } else {
            Cow::Owned(ascii.to_lowercase())
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.as_str()).finish()
    }
}

/// The text decides alone: the other fields are derived from it, and a map of addresses can be asked by a `str`.
impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl AsRef<str> for Address {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Address {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (name, address) = Mailbox::from_str(text)?.into_parts();
        match name {
            None => Ok(address),
            Some(_) => Err(InvalidAddress::new(Mistake::UnexpectedName, text)),
        }
    }
}

impl TryFrom<&str> for Address {
    type Error = InvalidAddress;

    fn try_from(text: &str) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl TryFrom<&String> for Address {
    type Error = InvalidAddress;

    fn try_from(text: &String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}
