//! Who may look: a session in place of a token, for browsers.

use serde::{Deserialize, Serialize};

use super::Asked;
use crate::reply::Reply;
use crate::service::{Service, refuse, token_id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    token: String,
}

#[derive(Serialize)]
struct Standing {
    /// Whether other machines can reach the emulator, so that a token or a session is needed.
    exposed: bool,
}

/// Whether the request comes with a token or a session, or needs none.
pub(super) fn is_open(service: &Service, asked: &Asked<'_>) -> bool {
    let cookies = || asked.headers.iter().filter(|(name, _)| name == "cookie").map(|(_, value)| value);
    !service.is_exposed
        || asked.token.is_some_and(|token| is_known(service, token))
        || cookies().filter_map(|value| service.sessions.token_of(value)).any(|id| service.state().has_token(&id))
}

/// Whether the API takes the token now, whatever it may do there.
fn is_known(service: &Service, token: &str) -> bool {
    service.state().token(token, service.settings.any_token).is_some()
}

/// The answer to a login, which those without a session have to be able to ask for.
pub(super) fn login(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    if (asked.method, parts) != ("POST", &["session"]) {
        return None;
    }
    let Login { token } = match asked.form() {
        Ok(login) => login,
        Err(refused) => return Some(refused),
    };
    if !is_known(service, &token) {
        return Some(refuse("auth.token", &[]));
    }
    Some(match service.sessions.begin(token_id(&token)) {
        Some(cookie) => super::done().with("set-cookie", cookie).with("cache-control", "no-store"),
        None => Reply::sentence(500, "This machine has no random numbers to make a session of."),
    })
}

/// The answer, when the request is about the session.
pub(super) fn answer(service: &Service, asked: &Asked<'_>, parts: &[&str]) -> Option<Reply> {
    Some(match (asked.method, parts) {
        ("GET", ["session"]) => Reply::json(200, &Standing { exposed: service.is_exposed }),
        ("DELETE", ["session"]) => {
            let cookies = asked.header("cookie").unwrap_or_default();
            super::done().with("set-cookie", service.sessions.end(cookies))
        }
        _ => return None,
    })
}
