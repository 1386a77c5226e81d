//! Where settings come from, and what they are.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use mailferry::config::{SETTINGS, Setting, Settings, Sources};
use mailferry::transport::{Error, ErrorKind};
use mailferry::{Mailer, MailerSend};
use serde::Serialize;
use serde_json::Value;

use crate::args::{ConfigArgs, Global, SettingArgs};
use crate::exit::Exit;
use crate::output::{FAINT, Failure, HEADING, Output, io_text};

/// The settings file that is read when none is named.
const USUAL_FILE: &str = "mailferry.toml";
/// The variable that names another.
const FILE_VARIABLE: &str = "MAILFERRY_CONFIG";

/// The longest settings file.
const MOST_BYTES: u64 = 1 << 20;

/// The settings, and the places where they were looked for.
pub(crate) struct Found {
    pub(crate) settings: Settings,
    /// The settings file, and whether it was read.
    file: PathBuf,
    read: bool,
}

/// Reads flags, environment and settings file.
pub(crate) fn load(global: &Global, flags: &SettingArgs) -> Result<Found, Error> {
    let env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let (file, text) = settings_file(global, &env)?;
    let mut sources = Sources::new().env(env);
    let read = text.is_some();
    if let Some(text) = text {
        sources = sources.file(&file, text);
    }
    for (name, value) in flags.given() {
        sources = sources.set_from(format!("flag --{}", flag(name)), name, value);
    }
    Ok(Found { settings: sources.load()?, file, read })
}

/// The settings file, and its text unless it is the usual one and not there.
fn settings_file(global: &Global, env: &[(OsString, OsString)]) -> Result<(PathBuf, Option<String>), Error> {
    let variable = || env.iter().find(|(name, _)| name == FILE_VARIABLE).map(|(_, value)| PathBuf::from(value));
    if global.config.is_none() && variable().is_some_and(|path| path.as_os_str().is_empty()) {
        let text = format!("{FILE_VARIABLE} is empty");
        return Err(Error::new(ErrorKind::Config, text).with_remedy("name a settings file, or do not set it at all"));
    }
    let named = match (&global.config, variable()) {
        (Some(path), _) => Some((path.clone(), "--config")),
        (None, Some(path)) => Some((path, FILE_VARIABLE)),
        (None, None) => None,
    };
    let path = named.as_ref().map_or_else(|| PathBuf::from(USUAL_FILE), |(path, _)| path.clone());
    match (read_settings(&path), named) {
        (Ok(text), _) => Ok((path, Some(text))),
        (Err(cause), None) if cause.kind() == io::ErrorKind::NotFound => Ok((path, None)),
        (Err(cause), named) => {
            let origin = named.map(|(_, origin)| format!(", named by {origin},")).unwrap_or_default();
            let text = format!("the settings file {}{origin} cannot be read: {}", path.display(), io_text(&cause));
            let remedy = match cause.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge => {
                    "give a text in TOML, as docs/settings.md shows"
                }
                _ => "check the path",
            };
            Err(Error::new(ErrorKind::Config, text).with_remedy(remedy).caused_by(cause))
        }
    }
}

/// A whole settings file. It may be a pipe, and what never ends is not one.
fn read_settings(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 1 MiB"));
    }
    String::from_utf8(text).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))
}

impl Found {
    /// The transport and the mailer around it.
    pub(crate) fn mailer(&self) -> Result<(MailerSend, Mailer), Error> {
        around(self.settings.mailersend()?, &self.settings)
    }

    /// The same for what needs no token: without one, a placeholder that is never sent takes its place.
    pub(crate) fn mailer_without_token(&self) -> Result<(MailerSend, Mailer), Error> {
        around(self.builder()?.build()?, &self.settings)
    }

    /// A transport to be configured further, with a placeholder when there is no token.
    pub(crate) fn builder(&self) -> Result<mailferry::mailersend::MailerSendBuilder, Error> {
        let builder = MailerSend::builder().settings(&self.settings)?;
        Ok(if self.has_token() { builder } else { builder.token("placeholder") })
    }

    pub(crate) fn has_token(&self) -> bool {
        ["MAILERSEND_API_TOKEN", "MAILERSEND_API_TOKENS"].iter().any(|name| self.settings.origin(name).is_some())
    }

    /// Whether a setting is switched on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        let value = Setting::named(name).map(|setting| self.settings.shown(setting));
        value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on"))
    }

    /// Whether requests are to be logged.
    pub(crate) fn debugs_requests(&self) -> bool {
        self.is_on("DEBUG_API_REQUESTS")
    }
}

fn around(transport: MailerSend, settings: &Settings) -> Result<(MailerSend, Mailer), Error> {
    let mailer = Mailer::builder(transport.clone()).settings(settings)?.build();
    Ok((transport, mailer))
}

/// Where a value comes from that was found nowhere.
const DEFAULT: &str = "default";

/// One setting, as it is shown.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    value: String,
    origin: String,
    meaning: &'static str,
}

impl Shown {
    fn new(setting: &Setting, settings: &Settings) -> Self {
        let origin = match settings.origin(setting.name) {
            None => DEFAULT.to_owned(),
            Some(origin) => origin.to_string(),
        };
        Self { name: setting.name, value: without_secrets(&settings.shown(setting)), origin, meaning: setting.meaning }
    }
}

/// The flag of a setting.
fn flag(setting: &str) -> String {
    setting.trim_start_matches("MAILERSEND_").to_ascii_lowercase().replace('_', "-")
}

/// A value that is no secret itself may hold one: a token in the extras of the defaults, or a password or a key in a URL.
fn without_secrets(value: &str) -> String {
    if let Ok(mut json @ Value::Object(_)) = serde_json::from_str(value) {
        hide_tokens(&mut json);
        return json.to_string();
    }
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let rest = rest.rsplit_once('@').map_or_else(|| rest.to_owned(), |(_, host)| format!("(hidden)@{host}"));
    let shown = match rest.split_once(['?', '#']) {
        Some((place, _)) => format!("{place}{}(hidden)", &rest[place.len()..=place.len()]),
        None => rest,
    };
    format!("{scheme}://{shown}")
}

fn hide_tokens(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match key.as_str() {
                    "api_token" | "api-token" => *member = "(hidden)".into(),
                    _ => hide_tokens(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_tokens),
        _ => {}
    }
}

/// The length of the longest name.
const WIDEST: usize = 27;

/// `mailferry config`
pub(crate) fn show(global: &Global, args: &ConfigArgs, output: &mut Output) -> Result<Exit, Failure> {
    let found = load(global, &args.settings)?;
    let shown = SETTINGS.iter().map(|setting| Shown::new(setting, &found.settings));
    if output.json {
        for setting in shown {
            output.object(&setting)?;
        }
    } else {
        output.line(format_args!("{HEADING}{:WIDEST$}  VALUE{HEADING:#}", "SETTING"))?;
        for Shown { name, value, origin, meaning: _ } in shown {
            output.line(format_args!("{name:WIDEST$}  {value}"))?;
            if origin != DEFAULT {
                output.line(format_args!("{FAINT}  from {origin}{FAINT:#}"))?;
            }
        }
        output.line("")?;
        output.line(format_args!("{HEADING}Looked at, the first that has a value counts:{HEADING:#}"))?;
        output.line("  flags; environment MAILFERRY_<NAME>; environment <NAME>;")?;
        output.line(format_args!("  {}", place(&found.file, found.read)))?;
    }
    // Values are only read when they are used: whatever is wrong with them is to be known here, too.
    found.mailer_without_token()?;
    if !found.has_token() {
        output.warning("no token is set, so nothing can be sent");
        output.help("set MAILERSEND_API_TOKEN, or try it all without one: mailferry demo");
    }
    Ok(Exit::Done)
}

fn place(file: &Path, read: bool) -> String {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    format!("settings file {}{}", absolute.display(), if read { "" } else { " (there is none)" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_within_values_are_hidden() {
        for (value, expected) in [
            (r#"{"esp_extra":{"api_token":"mlsn.1","x":1}}"#, r#"{"esp_extra":{"api_token":"(hidden)","x":1}}"#),
            ("https://user:password@mail.example/v1/", "https://(hidden)@mail.example/v1/"),
            ("https://mail.example/v1/?key=secret", "https://mail.example/v1/?(hidden)"),
            ("https://mail.example/v1/#secret@secret", "https://(hidden)@secret"),
            ("https://mail.example/v1/", "https://mail.example/v1/"),
            ("Ann <ann@example.com>", "Ann <ann@example.com>"),
        ] {
            assert_eq!(without_secrets(value), expected);
        }
    }
}
