//! What `esp_extra` asks for: two settings of this message, and members of the request.

use serde_json::{Map, Value};

use super::client::Token;
use super::options::BatchSendMode;
use super::personalization::To;
use crate::address::{Address, Mailbox};
use crate::message::{Data, Field, InvalidMessage, Key, Problem, names_recipients};
use crate::transport::Error;

/// What `esp_extra` asks for: two settings of this message, and members of the request.
pub(super) struct Extra {
    pub(super) token: Option<Token>,
    /// Cleared: no mode, whatever the setting says.
    pub(super) batch_send_mode: Field<BatchSendMode>,
    pub(super) members: Map<String, Value>,
}

/// The members of a request that are known to name no recipient. Of any other nobody can say to whom it would send.
const HARMLESS_MEMBERS: [&str; 17] = [
    "from",
    "reply_to",
    "subject",
    "text",
    "html",
    "template_id",
    "language",
    "attachments",
    "tags",
    "precedence_bulk",
    "send_at",
    "in_reply_to",
    "references",
    "settings",
    "list_unsubscribe",
    "api_token",
    "batch_send_mode",
];

/// Whether a member of `esp_extra` may stay in a message that is redirected.
fn is_harmless(member: &str, value: &Value) -> bool {
    let names_nobody = |header: &Value| header["name"].as_str().is_some_and(|name| !names_recipients(name));
    match member {
        "headers" => value.as_array().is_some_and(|headers| headers.iter().all(names_nobody)),
        // The two settings are known in either spelling.
        _ => HARMLESS_MEMBERS.contains(&member.replace('-', "_").as_str()),
    }
}

impl Extra {
    pub(super) fn take(given: Option<&Data>, redirected: bool, problems: &mut Vec<Problem>) -> Self {
        let mut extra = Self { token: None, batch_send_mode: Field::Unset, members: Map::new() };
        let Some(given) = given else { return extra };
        extra.members.clone_from(given);
        if redirected {
            for (name, _) in given.iter().filter(|(name, value)| !is_harmless(name, value)) {
                problems.push(Problem::new(
                    format!("{}.{}", Key::EspExtra, name.escape_debug()),
                    "may name recipients, while every message is redirected (REDIRECT_ALL_TO)",
                    "use the message's own fields, which are redirected",
                ));
            }
        }
        match extra.setting(["api_token", "api-token"], problems) {
            None | Some((_, Value::Null)) => {}
            Some((path, value)) => match value.as_str().map(Token::new) {
                Some(Ok(token)) => extra.token = Some(token),
                Some(Err(text)) => problems.push(Problem::new(path, text, "")),
                None => problems.push(Problem::new(path, "wants a string", "")),
            },
        }
        match extra.setting(["batch_send_mode", "batch-send-mode"], problems) {
            None => {}
            Some((_, Value::Null)) => extra.batch_send_mode = Field::Cleared,
            Some((path, value)) => match value.as_str().map(str::parse) {
                Some(Ok(mode)) => extra.batch_send_mode = Field::Set(mode),
                _ => problems.push(Problem::new(path, format!("wants {} or null", BatchSendMode::CHOICES), "")),
            },
        }
        extra
    }

    /// Takes a setting out, in either spelling, so that it never reaches the request.
    fn setting(&mut self, spellings: [&str; 2], problems: &mut Vec<Problem>) -> Option<(String, Value)> {
        let [first, second] = spellings.map(|name| self.members.remove(name).map(|value| (name, value)));
        if let (Some((_, a)), Some((name, b))) = (&first, &second)
            && a != b
        {
            let path = format!("{}.{name}", Key::EspExtra);
            problems.push(Problem::new(path, "contradicts its other spelling", "keep one of them"));
        }
        first.or(second).map(|(name, value)| (format!("{}.{name}", Key::EspExtra), value))
    }

    pub(super) fn sets(&self, member: &str) -> bool {
        self.members.get(member).is_some_and(|value| !value.is_null())
    }

    /// The address of the sender, when it is replaced.
    pub(super) fn sender(&self) -> Option<Address> {
        self.members.get("from")?.get("email")?.as_str()?.parse().ok()
    }

    pub(super) fn has_content(&self) -> bool {
        ["text", "html", "template_id"].iter().any(|member| self.sets(member))
    }

    /// The `to` recipients: the message's, unless they are replaced.
    pub(super) fn recipients<'m>(&mut self, own: &'m [Mailbox]) -> Result<Vec<To<'m>>, Error> {
        match self.members.remove("to") {
            None => Ok(own.iter().map(To::Mailbox).collect()),
            Some(Value::Array(items)) if items.iter().all(|item| item.get("email").is_some_and(Value::is_string)) => {
                Ok(items.into_iter().map(To::Extra).collect())
            }
            Some(_) => {
                let path = format!("{}.to", Key::EspExtra);
                let problem = Problem::new(path, "wants a list of {\"email\", \"name\"} objects", "");
                Err(InvalidMessage::new(vec![problem]).into())
            }
        }
    }
}
