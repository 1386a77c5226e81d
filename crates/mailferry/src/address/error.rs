//! What can be wrong with an address, one word for each mistake.

use std::convert::Infallible;
use std::error;
use std::fmt;

/// How much of the offending text an error quotes: enough to find it, not enough to flood a log.
const QUOTED_CHARS: usize = 80;

/// A text that is not the address, or not the list of addresses, it was taken for.
///
/// It says which mistake was made ([`mistake`](Self::mistake)), where ([`part`](Self::part)) and, when there is an
/// obvious remedy, what to do about it ([`hint`](Self::hint)). Its `Display` is one line with all three.
///
/// ```
/// use mailferry::Mailbox;
/// use mailferry::address::Mistake;
///
/// let error = Mailbox::parse_list("Lee, Ann <ann@one.example>").unwrap_err();
/// assert_eq!(error.mistake(), Mistake::MissingAt);
/// assert_eq!(error.part(), "Lee");
/// assert_eq!(
///     error.to_string(),
///     "invalid email address 'Lee': there is no @ in it (maybe missing quotes around a display name?)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidAddress {
    mistake: Mistake,
    part: Box<str>,
    hint: Option<&'static str>,
}

impl InvalidAddress {
    pub(super) fn new(mistake: Mistake, part: &str) -> Self {
        Self { mistake, part: quotable(part), hint: mistake.hint() }
    }

    /// Several addresses where one is allowed.
    pub(crate) fn several(text: &str, found: usize) -> Self {
        Self::new(Mistake::Several { found }, text)
    }

    /// Replaces the usual advice by one that fits the text better.
    pub(super) fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Which mistake was made.
    pub fn mistake(&self) -> Mistake {
        self.mistake
    }

    /// The offending part of the text, shortened when it is long, with anything unprintable escaped.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// What would probably repair it.
    pub fn hint(&self) -> Option<&'static str> {
        self.hint
    }
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid email address '{}': {}", self.part, self.mistake)?;
        match self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl error::Error for InvalidAddress {}

/// Lets a setter accept what is already an [`Address`](super::Address) beside what has yet to be parsed.
impl From<Infallible> for InvalidAddress {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The mistakes an [`InvalidAddress`] can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mistake {
    /// Nothing but white space.
    Empty,
    /// Nothing between two commas, or before the first or after the last one.
    EmptyEntry,
    /// A group without members, such as `undisclosed-recipients:;`.
    EmptyGroup,
    /// A colon began a group and no semicolon ends it; `mailto:a@x` is the usual case.
    UnclosedGroup,
    /// A group among the members of a group.
    NestedGroup,
    /// A quotation mark without its partner.
    UnclosedQuote,
    /// A parenthesis without its partner.
    UnbalancedParenthesis,
    /// A comma in a comment, which other software takes for the end of the address.
    CommaInComment,
    /// A line break, a NUL or another control character.
    ControlCharacter(char),
    /// No `@`.
    MissingAt,
    /// Nothing before the `@`.
    MissingLocalPart,
    /// Nothing after the `@`.
    MissingDomain,
    /// More than one `@`.
    SeveralAts,
    /// A dot at the beginning or end of the local part or the domain, or two in a row.
    MisplacedDot,
    /// White space or a comment in the middle of the local part.
    SpaceInLocalPart,
    /// A quoted string that is only a piece of the local part.
    PartlyQuotedLocalPart,
    /// A character that addresses cannot contain.
    InvalidCharacter(char),
    /// A character in a display name that is only allowed within quotes.
    UnquotedCharacter(char),
    /// A domain in brackets, such as `[127.0.0.1]`.
    DomainLiteral,
    /// A semicolon between addresses.
    Semicolon,
    /// Text after the end of the address.
    TrailingText,
    /// A display name where only an address is allowed.
    UnexpectedName,
    /// More addresses than the one that is allowed.
    Several {
        /// How many there were.
        found: usize,
    },
    /// A domain that IDNA 2008 does not allow.
    Domain(DomainMistake),
}

impl Mistake {
    fn hint(self) -> Option<&'static str> {
        match self {
            Self::EmptyGroup => Some("leave the field out instead"),
            Self::UnclosedGroup => Some("a display name with a colon needs quotes, a group a semicolon at its end"),
            Self::CommaInComment => Some("write the name in quotes before the address instead"),
            Self::ControlCharacter('\r' | '\n') => Some("a line break would begin another header field"),
            Self::SpaceInLocalPart => Some("a local part with spaces needs quotes"),
            Self::PartlyQuotedLocalPart => Some("put the whole local part in quotes"),
            Self::UnquotedCharacter(_) => Some("maybe missing quotes around a display name?"),
            Self::DomainLiteral => Some("use the name of the host"),
            Self::Semicolon => Some("separate addresses with commas"),
            _ => None,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::EmptyEntry => f.write_str("a comma has no address beside it"),
            Self::EmptyGroup => f.write_str("the group has no members"),
            Self::UnclosedGroup => f.write_str("the colon begins a group that no semicolon ends"),
            Self::NestedGroup => f.write_str("a group cannot contain a group"),
            Self::UnclosedQuote => f.write_str("the quotation mark has no partner"),
            Self::UnbalancedParenthesis => f.write_str("the parenthesis has no partner"),
            Self::CommaInComment => f.write_str("there is a comma in the comment"),
            Self::ControlCharacter('\r' | '\n') => f.write_str("there is a line break in it"),
            Self::ControlCharacter(c) => write!(f, "the control character U+{:04X} is not allowed", u32::from(*c)),
            Self::MissingAt => f.write_str("there is no @ in it"),
            Self::MissingLocalPart => f.write_str("there is nothing before the @"),
            Self::MissingDomain => f.write_str("there is no domain after the @"),
            Self::SeveralAts => f.write_str("there is more than one @"),
            Self::MisplacedDot => f.write_str("a dot must stand between two other characters"),
            Self::SpaceInLocalPart => f.write_str("there is a space or a comment in the middle of the local part"),
            Self::PartlyQuotedLocalPart => f.write_str("only a piece of the local part is quoted"),
            Self::InvalidCharacter(c) => write!(f, "{} is not allowed", Named(*c)),
            Self::UnquotedCharacter(c) => write!(f, "{} is not allowed outside quotes", Named(*c)),
            Self::DomainLiteral => f.write_str("the domain is a literal in brackets"),
            Self::Semicolon => f.write_str("there is a semicolon after it"),
            Self::TrailingText => f.write_str("this text after the address does not belong to it"),
            Self::UnexpectedName => f.write_str("there is a name where only an address is allowed"),
            Self::Several { found } => write!(f, "only one address is allowed, found {found}"),
            Self::Domain(mistake) => write!(f, "IDNA 2008 does not allow the domain: {mistake}"),
        }
    }
}

/// Why IDNA 2008 does not allow a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DomainMistake {
    /// Two dots in a row, or one at an end, once look-alike dots are mapped to dots.
    EmptyLabel,
    /// A label longer than 63 octets once encoded.
    LabelTooLong,
    /// A domain longer than 253 octets once encoded.
    DomainTooLong,
    /// A hyphen at the beginning or end of a label, or in both its third and fourth place.
    Hyphen,
    /// A combining mark at the beginning of a label.
    LeadingMark(char),
    /// A character that is not a letter or digit of any script: symbols, emoji, `_` beside letters that are encoded.
    Disallowed(char),
    /// A character that is allowed, but not beside these neighbours.
    Context(char),
    /// Letters of both writing directions, mixed in a way that cannot be displayed unambiguously.
    Bidi,
    /// A label that begins with `xn--` and is not the encoding of a label.
    Punycode,
}

impl fmt::Display for DomainMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyLabel => f.write_str("a label is empty"),
            Self::LabelTooLong => f.write_str("a label is longer than 63 octets"),
            Self::DomainTooLong => f.write_str("it is longer than 253 octets"),
            Self::Hyphen => f.write_str("a hyphen stands at an end of a label or in its third and fourth place"),
            Self::LeadingMark(c) => write!(f, "a label begins with the combining mark U+{:04X}", u32::from(*c)),
            Self::Disallowed(c) => write!(f, "{} is not allowed", Named(*c)),
            Self::Context(c) => write!(f, "{} is not allowed beside its neighbours", Named(*c)),
            Self::Bidi => f.write_str("a label mixes writing directions"),
            Self::Punycode => f.write_str("a label that begins with xn-- is not the encoding of a label"),
        }
    }
}

/// A character as an error shows it: itself when it can be seen, always its number.
struct Named(char);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(c) = *self;
        if c.is_ascii() || c.escape_debug().len() == 1 {
            write!(f, "'{c}' (U+{:04X})", u32::from(c))
        } else {
            write!(f, "U+{:04X}", u32::from(c))
        }
    }
}

fn quotable(part: &str) -> Box<str> {
    let mut quoted = String::new();
    for (shown, c) in part.trim_matches([' ', '\t']).chars().enumerate() {
        if shown == QUOTED_CHARS {
            quoted.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => quoted.push(c),
            _ => quoted.extend(c.escape_debug()),
        }
    }
    quoted.into_boxed_str()
}
