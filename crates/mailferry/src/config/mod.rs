//! Every setting: its name, what it means, and where its value comes from.
//!
//! A value is looked for in this order, and the first found counts: one given by the program
//! ([`Sources::set`]), the environment variable `MAILFERRY_<NAME>`, the environment variable `<NAME>`, and the settings
//! file (`mailferry.toml`, feature `toml`). In the file, a name is written in lower case, and one that begins with
//! `MAILERSEND_` goes without that into the table `[mailersend]`.
//!
//! ```
//! use mailferry::config::Sources;
//!
//! let settings = Sources::new()
//!     .env([("MAILFERRY_MAILERSEND_API_TOKEN", "mlsn.1"), ("PREFLIGHT", "warn")])
//!     .set("TIME_ZONE", "Europe/Prague")
//!     .load()?;
//! assert_eq!(settings.origin("PREFLIGHT").unwrap().to_string(), "environment variable PREFLIGHT");
//! let mailer = settings.mailer()?;
//! # let _ = mailer;
//! # Ok::<(), mailferry::transport::Error>(())
//! ```

mod endpoints;
mod table;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::address::Mailbox;
use crate::defaults::Defaults;
use crate::mailer::Mailer;
use crate::mailersend::MailerSend;
use crate::message::{Message, Node, closest, from_node};
use crate::transport::{Error, ErrorKind};

pub use table::{SETTINGS, Setting};

/// The prefix of an environment variable that is meant for Mailferry alone.
const PREFIX: &str = "MAILFERRY_";

/// Variables with the prefix that are not settings: they are the command's.
const NOT_SETTINGS: [&str; 3] = ["MAILFERRY_CONFIG", "MAILFERRY_EMULATOR_TOKEN", "MAILFERRY_LOG"];

/// The settings that are message fields.
const DEFAULTS: [&str; 2] = ["SEND_DEFAULTS", "MAILERSEND_SEND_DEFAULTS"];

/// What is shown in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// Where a value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Given by the program.
    Explicit,
    /// Given by the program, which calls the place by this name: `flag --api-url`.
    Named(String),
    /// The environment variable of this name.
    Env(String),
    /// The settings file, under this key.
    File(PathBuf, String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit => f.write_str("given by the program"),
            Self::Named(place) => f.write_str(place),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path, key) => write!(f, "`{key}` in {}", path.display()),
        }
    }
}

/// The places where settings may be.
#[derive(Clone, Default)]
#[must_use = "nothing is read until `load` is called"]
pub struct Sources {
    explicit: Vec<(String, String, Origin)>,
    env: Vec<(OsString, OsString)>,
    file: Option<(PathBuf, String)>,
}

impl Sources {
    /// No place yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value that the program gives, by the setting's name.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.explicit.push((name.into(), value.into(), Origin::Explicit));
        self
    }

    /// The same, with the name of the place where the program has it from, for errors and [`Settings::origin`].
    pub fn set_from(mut self, place: impl Into<String>, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.explicit.push((name.into(), value.into(), Origin::Named(place.into())));
        self
    }

    /// Environment variables: usually [`std::env::vars_os`].
    pub fn env<K: Into<OsString>, V: Into<OsString>>(mut self, variables: impl IntoIterator<Item = (K, V)>) -> Self {
        self.env.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The text of a settings file, and its path for errors.
    #[cfg(feature = "toml")]
    pub fn file(mut self, path: impl AsRef<Path>, text: impl Into<String>) -> Self {
        self.file = Some((path.as_ref().to_owned(), text.into()));
        self
    }

    /// Reads all places.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a name is unknown or a value is not text. What values mean is looked at when they are
    /// used.
    pub fn load(self) -> Result<Settings, Error> {
        let mut settings = Settings { values: BTreeMap::new(), file: self.file.as_ref().map(|(path, _)| path.clone()) };
        if let Some((path, text)) = &self.file {
            settings.read_file(path, text)?;
        }
        settings.read_env(&self.env)?;
        for (name, value, origin) in self.explicit {
            let setting = Setting::named(&name).ok_or_else(|| unknown(&name, &origin.to_string()))?;
            settings.values.insert(setting.name, (Node::Text(value), origin));
        }
        Ok(settings)
    }
}

impl fmt::Debug for Sources {
    /// Leaves all values out: the environment of a process is full of secrets, and not of ours alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: Vec<_> = self.explicit.iter().map(|(name, _, _)| name).collect();
        f.debug_struct("Sources")
            .field("explicit", &given)
            .field("env", &self.env.len())
            .field("file", &self.file.as_ref().map(|(path, _)| path))
            .finish()
    }
}

/// The values found.
#[derive(Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, (Node, Origin)>,
    file: Option<PathBuf>,
}

impl Settings {
    /// The settings of the environment alone.
    ///
    /// # Errors
    ///
    /// As [`Sources::load`].
    pub fn from_env() -> Result<Self, Error> {
        Sources::new().env(std::env::vars_os()).load()
    }

    /// The transport that these settings describe.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when one is missing or wrong; it names the setting and where it was found or looked for.
    pub fn mailersend(&self) -> Result<MailerSend, Error> {
        MailerSend::builder().settings(self)?.build()
    }

    /// That transport with the defaults and the redirection that these settings describe around it.
    ///
    /// # Errors
    ///
    /// As [`mailersend`](Self::mailersend).
    pub fn mailer(&self) -> Result<Mailer, Error> {
        Ok(Mailer::builder(self.mailersend()?).settings(self)?.build())
    }

    /// Where the value of a setting was found; `None` when it was found nowhere and the default holds.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.values.get(name).map(|(_, origin)| origin)
    }

    /// The value of a setting as text to show: a secret as `(hidden)`, one that was not found as its default. Of the
    /// defaults for messages, the values in `esp_extra` are hidden too: one of them may be a token.
    pub fn shown(&self, setting: &Setting) -> String {
        match self.values.get(setting.name) {
            Some(_) if setting.secret => HIDDEN.to_owned(),
            Some((value, _)) if DEFAULTS.contains(&setting.name) => shown_defaults(value),
            Some((Node::Text(text), _)) => text.clone(),
            Some((value, _)) => serde_json::Value::from(value.clone()).to_string(),
            None => setting.default.to_owned(),
        }
    }

    /// What to say of a setting that is missing: every place that was looked at.
    pub(crate) fn missing(&self, name: &'static str) -> Error {
        let file = match (&self.file, Setting::named(name)) {
            (Some(path), Some(setting)) => format!("`{}` in {}", setting.key(), path.display()),
            (None, Some(setting)) => format!("`{}` in mailferry.toml (no such file was read)", setting.key()),
            (_, None) => String::new(),
        };
        let text = format!(
            "{name} is not set; looked for: a value given by the program, environment variable {PREFIX}{name}, \
             environment variable {name}, {file}"
        );
        Error::new(ErrorKind::Config, text).with_remedy("set it in one of these places")
    }

    /// A setting that is one text.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        match self.values.get(name) {
            None => Ok(None),
            Some((Node::Text(text), _)) => Ok(Some(text)),
            Some((other, origin)) => Err(wrong(name, origin, &format!("wants a text, and got {}", other.kind()))),
        }
    }

    /// A setting whose text stands for something.
    pub(crate) fn parsed<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Error>
    where
        T::Err: fmt::Display,
    {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(choices) => Err(self.wrong(name, &format!("wants {choices}, and got {text:?}"))),
        }
    }

    /// A setting that is on or off.
    pub(crate) fn switch(&self, name: &'static str) -> Result<Option<bool>, Error> {
        match self.values.get(name) {
            None => Ok(None),
            Some((Node::Bool(on), _)) => Ok(Some(*on)),
            Some((Node::Text(text), origin)) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(Some(true)),
                "false" | "0" | "no" | "off" => Ok(Some(false)),
                _ => Err(wrong(name, origin, &format!("wants `true` or `false`, and got {text:?}"))),
            },
            Some((other, origin)) => {
                Err(wrong(name, origin, &format!("wants true or false, and got {}", other.kind())))
            }
        }
    }

    /// A setting that is a table of texts: in the environment, `key=value` pairs with commas between them. Values are
    /// never quoted in errors, since they are secrets.
    pub(crate) fn pairs(&self, name: &'static str) -> Result<Vec<(String, String)>, Error> {
        match self.values.get(name) {
            None => Ok(Vec::new()),
            Some((Node::Text(text), origin)) => text
                .split(',')
                .map(|pair| match pair.split_once('=') {
                    Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
                    None => Err(wrong(name, origin, "wants `key=value` pairs with commas between them")),
                })
                .collect(),
            Some((Node::Object(entries), origin)) => entries
                .iter()
                .map(|(key, value)| match value {
                    Node::Text(text) => Ok((key.clone(), text.clone())),
                    other => Err(wrong(name, origin, &format!("wants texts, and `{key}` is {}", other.kind()))),
                })
                .collect(),
            Some((other, origin)) => {
                Err(wrong(name, origin, &format!("wants a table of texts, and got {}", other.kind())))
            }
        }
    }

    /// The connect and the read timeout; `None` when it is not set.
    pub(crate) fn timeouts(&self, name: &'static str) -> Result<Option<[Option<Duration>; 2]>, Error> {
        const WANTED: &str = "wants seconds above 0, a pair of them (connect, read), or `none`";
        let Some((value, origin)) = self.values.get(name) else { return Ok(None) };
        let seconds = |number: f64| {
            let duration = Duration::try_from_secs_f64(number).ok().filter(|duration| !duration.is_zero());
            duration.map(Some).ok_or_else(|| wrong(name, origin, WANTED))
        };
        let text = |text: &str| match text.trim() {
            "none" => Ok(None),
            number => number.parse().map_err(|_| wrong(name, origin, WANTED)).and_then(seconds),
        };
        let parts: Vec<_> = match value {
            Node::Number(number) => vec![seconds(number.as_f64().unwrap_or(0.0))?],
            Node::Text(all) => all.split(',').map(text).collect::<Result<_, _>>()?,
            Node::List(items) => items
                .iter()
                .map(|item| match item {
                    Node::Number(number) => seconds(number.as_f64().unwrap_or(0.0)),
                    Node::Text(item) => text(item),
                    _ => Err(wrong(name, origin, WANTED)),
                })
                .collect::<Result<_, _>>()?,
            _ => return Err(wrong(name, origin, WANTED)),
        };
        match parts.as_slice() {
            [both] => Ok(Some([*both, *both])),
            [connect, read] => Ok(Some([*connect, *read])),
            _ => Err(wrong(name, origin, WANTED)),
        }
    }

    /// The defaults for every message, if any are set.
    pub(crate) fn defaults(&self) -> Result<Option<Defaults>, Error> {
        let [general, specific] = DEFAULTS.map(|name| self.message(name));
        Ok(match (general?, specific?) {
            (None, None) => None,
            (general, None) => general.map(Defaults::new),
            (general, Some(specific)) => Some(Defaults::new(general.unwrap_or_default()).specific(specific)),
        })
    }

    fn message(&self, name: &'static str) -> Result<Option<Message>, Error> {
        let Some((value, origin)) = self.values.get(name) else { return Ok(None) };
        let message = match value {
            Node::Text(json) => Message::from_json(json.as_bytes()),
            table => from_node(table.clone()),
        };
        message.map(Some).map_err(|invalid| wrong(name, origin, &format!("is wrong: {invalid}")))
    }

    /// The address that everything is redirected to.
    pub(crate) fn redirect(&self) -> Result<Option<Mailbox>, Error> {
        self.text("REDIRECT_ALL_TO")?
            .map(|text| {
                text.parse().map_err(|cause: crate::address::InvalidAddress| {
                    self.wrong("REDIRECT_ALL_TO", &format!("is wrong: {cause}"))
                })
            })
            .transpose()
    }

    /// An error about a setting that was found.
    pub(crate) fn wrong(&self, name: &'static str, text: &str) -> Error {
        match self.values.get(name) {
            Some((_, origin)) => wrong(name, origin, text),
            None => Error::new(ErrorKind::Config, format!("{name} {text}")),
        }
    }

    fn read_env(&mut self, env: &[(OsString, OsString)]) -> Result<(), Error> {
        for prefix in ["", PREFIX] {
            for setting in SETTINGS {
                let name = format!("{prefix}{}", setting.name);
                let Some((_, value)) = env.iter().find(|(known, _)| known.to_str() == Some(&name)) else { continue };
                let Some(value) = value.to_str() else {
                    return Err(wrong(setting.name, &Origin::Env(name), "is not valid UTF-8"));
                };
                self.values.insert(setting.name, (Node::Text(value.to_owned()), Origin::Env(name)));
            }
        }
        // A misspelt variable without the prefix may belong to anything; with it, it was meant for us.
        let ours = env.iter().filter_map(|(name, _)| name.to_str()).filter(|name| !NOT_SETTINGS.contains(name));
        for name in ours {
            if let Some(name) = name.strip_prefix(PREFIX)
                && Setting::named(name).is_none()
            {
                return Err(unknown(name, &format!("environment variable {PREFIX}{name}")));
            }
        }
        Ok(())
    }

    #[cfg(feature = "toml")]
    fn read_file(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        let place = path.display();
        // The parser's own message quotes the line, which may hold a token.
        let table: toml::Table = toml::from_str(text).map_err(|cause: toml::de::Error| {
            let line = cause.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            Error::new(ErrorKind::Config, format!("{place}, line {line}: {}", cause.message()))
        })?;
        for (key, value) in table {
            match value {
                toml::Value::Table(members) if key == "mailersend" => {
                    for (member, value) in members {
                        self.read_key(path, &format!("{key}.{member}"), value)?;
                    }
                }
                value => self.read_key(path, &key, value)?,
            }
        }
        Ok(())
    }

    #[cfg(feature = "toml")]
    fn read_key(&mut self, path: &Path, key: &str, value: toml::Value) -> Result<(), Error> {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key() == key) else {
            let keys: Vec<_> = SETTINGS.iter().map(Setting::key).collect();
            let meant = closest(key, keys.iter().map(String::as_str));
            let error = Error::new(ErrorKind::Config, format!("{}: unknown setting `{key}`", path.display()));
            return Err(match meant {
                Some(meant) => error.with_remedy(format!("did you mean `{meant}`?")),
                None => error.with_remedy(format!("known settings: {}", keys.join(", "))),
            });
        };
        self.values.insert(setting.name, (node(value), Origin::File(path.to_owned(), key.to_owned())));
        Ok(())
    }

    #[cfg(not(feature = "toml"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "without the feature no file can be given")]
    fn read_file(&mut self, _path: &Path, _text: &str) -> Result<(), Error> {
        Ok(())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values.iter().map(|(name, (_, origin))| (name, origin))).finish()
    }
}

#[cfg(feature = "toml")]
fn node(value: toml::Value) -> Node {
    match value {
        toml::Value::String(text) => Node::Text(text),
        toml::Value::Integer(number) => Node::Number(number.into()),
        toml::Value::Float(number) => serde_json::Number::from_f64(number).map_or(Node::Null, Node::Number),
        toml::Value::Boolean(on) => Node::Bool(on),
        toml::Value::Datetime(time) => Node::Text(time.to_string()),
        toml::Value::Array(items) => Node::List(items.into_iter().map(node).collect()),
        toml::Value::Table(members) => {
            Node::Object(members.into_iter().map(|(key, value)| (key, node(value))).collect())
        }
    }
}

/// Message fields as text to show.
fn shown_defaults(value: &Node) -> String {
    let mut shown = match value {
        Node::Text(json) => match serde_json::from_str(json) {
            Ok(shown) => shown,
            // What cannot be read may hold a token anywhere.
            Err(_) => return "(not JSON that can be read)".to_owned(),
        },
        table => serde_json::Value::from(table.clone()),
    };
    if let Some(serde_json::Value::Object(extra)) = shown.get_mut("esp_extra") {
        for value in extra.values_mut() {
            *value = HIDDEN.into();
        }
    }
    shown.to_string()
}

fn wrong(name: &str, origin: &Origin, text: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{name} ({origin}) {text}"))
}

fn unknown(name: &str, origin: &str) -> Error {
    let error = Error::new(ErrorKind::Config, format!("unknown setting {name:?} ({origin})"));
    match closest(&name.to_lowercase(), SETTINGS.iter().map(|setting| setting.lower)) {
        Some(meant) => error.with_remedy(format!("did you mean {}?", meant.to_uppercase())),
        None => error.with_remedy("see docs/settings.md, or `mailferry config`, for the names"),
    }
}
