//! An address with a name.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use super::{Address, InvalidAddress, Mistake, parse};

/// An [`Address`] with an optional display name, as it stands in `From` or `To`.
///
/// Anything that takes a mailbox takes a text, an address, or a name and an address:
///
/// ```
/// use mailferry::{Address, Mailbox};
///
/// let parsed: Mailbox = r#""Lee, Ann" <ann@one.example>"#.parse()?;
/// assert_eq!(parsed.name(), Some("Lee, Ann"));
/// assert_eq!(parsed.address().as_str(), "ann@one.example");
///
/// assert_eq!(parsed, Mailbox::try_from(("Lee, Ann", "ann@one.example"))?);
/// let nameless = Mailbox::from(Address::try_from("ann@one.example")?);
/// assert_eq!(nameless.name(), None);
/// # Ok::<(), mailferry::InvalidAddress>(())
/// ```
///
/// Its `Display` has quotes only where they are needed, and parses back to the same mailbox:
///
/// ```
/// # use mailferry::Mailbox;
/// assert_eq!(Mailbox::try_from(("Ann B", "a@x.example"))?.to_string(), "Ann B <a@x.example>");
/// assert_eq!(Mailbox::try_from(("A.B. Smith", "a@x.example"))?.to_string(), r#""A.B. Smith" <a@x.example>"#);
/// # Ok::<(), mailferry::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mailbox {
    name: Option<String>,
    address: Address,
}

impl Mailbox {
    /// A mailbox with this name, taken literally: nothing in it is unquoted or decoded. An empty name is no name.
    ///
    /// # Errors
    ///
    /// When the name contains a line break, a NUL or another control character. A tab counts as a space.
    ///
    /// ```
    /// use mailferry::{Address, Mailbox};
    ///
    /// let address = Address::try_from("ann@one.example")?;
    /// assert!(Mailbox::new(Some("Ann\r\nBcc: eve@one.example".into()), address.clone()).is_err());
    /// assert_eq!(Mailbox::new(Some(String::new()), address)?.name(), None);
    /// # Ok::<(), mailferry::InvalidAddress>(())
    /// ```
    pub fn new(name: Option<String>, address: Address) -> Result<Self, InvalidAddress> {
        let Some(mut name) = name.filter(|name| !name.is_empty()) else {
            return Ok(Self::from(address));
        };
        if name.contains('\t') {
            name = name.replace('\t', " ");
        }
        match name.chars().find(|c| c.is_control()) {
            Some(c) => Err(InvalidAddress::new(Mistake::ControlCharacter(c), &name)),
            None => Ok(Self { name: Some(name), address }),
        }
    }

    /// The display name, without quotes; never empty.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The name and the address.
    pub fn into_parts(self) -> (Option<String>, Address) {
        (self.name, self.address)
    }

    /// The mailboxes of a comma-separated list. Groups are flattened; their names are dropped.
    ///
    /// # Errors
    ///
    /// When any entry is not a mailbox, and when there is none at all.
    ///
    /// ```
    /// use mailferry::Mailbox;
    ///
    /// let mailboxes = Mailbox::parse_list("a@x.example, Team: Bee <b@x.example>, c@x.example;")?;
    /// let addresses: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.address().as_str()).collect();
    /// assert_eq!(addresses, ["a@x.example", "b@x.example", "c@x.example"]);
    /// # Ok::<(), mailferry::InvalidAddress>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Self>, InvalidAddress> {
        parse::mailboxes(text)
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = self.name() else {
            return fmt::Display::fmt(&self.address, f);
        };
        if !needs_quotes(name) {
            return write!(f, "{name} <{}>", self.address);
        }
        f.write_char('"')?;
        for c in name.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        write!(f, "\" <{}>", self.address)
    }
}

/// Without quotes, specials would end the name, runs of spaces would shrink, and what looks like an encoded word
/// would be decoded.
fn needs_quotes(name: &str) -> bool {
    name.contains(|c| matches!(c, '.' | '\\') || parse::ends_phrase(c))
        || name.starts_with(' ')
        || name.ends_with(' ')
        || name.contains("  ")
        || name.contains("=?")
}

impl From<Address> for Mailbox {
    fn from(address: Address) -> Self {
        Self { name: None, address }
    }
}

impl FromStr for Mailbox {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let mut mailboxes = parse::mailboxes(text)?;
        let found = mailboxes.len();
        match mailboxes.pop() {
            Some(mailbox) if found == 1 => Ok(mailbox),
            _ => Err(InvalidAddress::new(Mistake::Several { found }, text)),
        }
    }
}

impl TryFrom<&str> for Mailbox {
    type Error = InvalidAddress;

    fn try_from(text: &str) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl TryFrom<String> for Mailbox {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl TryFrom<&String> for Mailbox {
    type Error = InvalidAddress;

    fn try_from(text: &String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl TryFrom<Cow<'_, str>> for Mailbox {
    type Error = InvalidAddress;

    fn try_from(text: Cow<'_, str>) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl<N, A> TryFrom<(N, A)> for Mailbox
where
    N: Into<String>,
    A: TryInto<Address>,
    InvalidAddress: From<A::Error>,
{
    type Error = InvalidAddress;

    fn try_from((name, address): (N, A)) -> Result<Self, InvalidAddress> {
        Self::new(Some(name.into()), address.try_into()?)
    }
}
