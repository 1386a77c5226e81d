//! `/v1/token`: tokens made, paused and deleted by the API.

use jiff::Timestamp;
use ring::digest::{SHA384, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::domains::ManagedDomain;
use super::query::{json_body, note};
use super::{Service, State, invalid, not_found, refuse};
use crate::clock::object_time;
use crate::id;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{SCOPES, TOKEN, TOKEN_NAME, TOKEN_STATUS, examine};
use crate::settings::Token;

/// More are refused as MailerSend refuses those that come too fast; where its own limit is, is UNCERTAIN.
const MOST_TOKENS: usize = 1_000;

/// A token that the account has.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ApiToken {
    id: String,
    name: String,
    token: Token,
    /// The name of its domain. It is shown, and changes nothing here.
    domain: Option<String>,
    is_paused: bool,
    created_at: Timestamp,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// As recorded in 2024 and 2026.
#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    status: &'static str,
    created_at: String,
    scopes: Vec<String>,
    domain: Option<Domain>,
}

#[derive(Serialize)]
struct Domain {
    id: String,
    name: String,
    created_at: String,
    updated_at: String,
}

/// As recorded in 2026. When `has_full` and `has_only_sending` are true, and how much `preview` shows, is UNCERTAIN.
#[derive(Serialize)]
struct Made {
    id: String,
    #[serde(rename = "accessToken")]
    access_token: String,
    name: String,
    created_at: String,
    scopes: Vec<String>,
    has_full: bool,
    has_only_sending: bool,
    domain: Option<ManagedDomain>,
    preview: String,
    expires_at: Option<()>,
}

impl ApiToken {
    /// One that was there from the start.
    pub(crate) fn given(token: &Token, now: Timestamp) -> Self {
        let (token, name) = (token.clone(), "Token".to_owned());
        Self { id: token_id(&token.secret), name, token, domain: None, is_paused: false, created_at: now }
    }

    /// Whether it is one of these, which the emulator was told of.
    #[cfg(feature = "data")]
    pub(crate) fn is_among(&self, given: &[Token]) -> bool {
        given.iter().any(|token| token.secret == self.token.secret)
    }

    fn scopes(&self) -> Vec<String> {
        let full = || SCOPES.iter().filter(|scope| scope.ends_with("_full")).map(|scope| (*scope).to_owned()).collect();
        self.token.scopes.clone().unwrap_or_else(full)
    }
}

/// 80 hex digits that do not tell the secret.
pub(crate) fn token_id(secret: &str) -> String {
    digest(&SHA384, secret.as_bytes()).as_ref().get(..40).map(id::hex).unwrap_or_default()
}

impl State {
    /// Whether there is a token of this id that is not paused.
    pub(crate) fn has_token(&self, id: &str) -> bool {
        self.tokens.iter().any(|token| token.id == id && !token.is_paused)
    }

    /// The token with this secret, unless it is paused or gone; with `any`, one that is not known may do everything.
    ///
    /// Ids are compared, which are made of secrets: how long that takes tells nothing about a secret.
    pub(crate) fn token(&self, secret: &str, any: bool) -> Option<Token> {
        let id = token_id(secret);
        match self.tokens.iter().find(|known| known.id == id) {
            Some(known) => (!known.is_paused).then(|| known.token.clone()),
            None => (any && !secret.is_empty()).then(|| Token { secret: String::new(), scopes: None }),
        }
    }
}

impl Service {
    pub(super) fn tokens(&self, request: &Request) -> Reply {
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let state = self.state();
        let shown: Vec<Shown> = state.tokens.iter().map(|token| show(&state, token)).collect();
        self.counted(shown.into_iter(), &page.with_limit(&query), "token")
    }

    pub(super) fn one_token(&self, id: &str) -> Reply {
        let state = self.state();
        let found = state.tokens.iter().find(|token| token.id == id);
        found.map_or_else(not_found, |token| Reply::json(200, &Data { data: show(&state, token) }))
    }

    /// Answers 200, not 201 (facts sheet 8.4, recorded).
    pub(super) fn make_token(&self, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let findings = examine(TOKEN, &root, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        if state.tokens.len() >= MOST_TOKENS {
            return refuse("create.too_many", &[]);
        }
        let wanted = root.get("scopes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut scopes: Vec<String> = Vec::new();
        for scope in wanted.iter().filter_map(Value::as_str) {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        let secret = state.ids.token();
        let domain = root.get("domain_id").and_then(Value::as_str).and_then(|id| state.domain_name(id));
        let domain = domain.map(str::to_owned);
        let token = ApiToken {
            id: token_id(&secret),
            name: text(&root, "name"),
            token: Token { secret: secret.clone(), scopes: Some(scopes.clone()) },
            domain: domain.clone(),
            is_paused: false,
            created_at: now,
        };
        let made = Made {
            id: token.id.clone(),
            preview: format!("{}...", secret.get(..10).unwrap_or_default()),
            access_token: secret,
            name: token.name.clone(),
            created_at: object_time(now),
            has_full: SCOPES
                .iter()
                .filter(|scope| scope.ends_with("_full"))
                .all(|scope| scopes.iter().any(|s| s == scope)),
            has_only_sending: scopes == ["email_full"],
            scopes,
            domain: domain.map(|name| self.managed_domain(&mut state, &name, now)),
            expires_at: None,
        };
        state.tokens.push(token);
        Reply::json(200, &Data { data: made })
    }

    /// Gives it another name; with `settings`, pauses it or lets it work again.
    pub(super) fn change_token(&self, id: &str, settings: bool, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        if !state.tokens.iter().any(|token| token.id == id) {
            return not_found();
        }
        let findings = examine(if settings { TOKEN_STATUS } else { TOKEN_NAME }, &root, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        let Some(token) = state.tokens.iter_mut().find(|token| token.id == id) else { return not_found() };
        if settings {
            token.is_paused = text(&root, "status") == "pause";
        } else {
            token.name = text(&root, "name");
        }
        let changed = token.clone();
        Reply::json(200, &Data { data: show(&state, &changed) })
    }

    pub(super) fn delete_token(&self, id: &str) -> Reply {
        let mut state = self.state();
        let before = state.tokens.len();
        state.tokens.retain(|token| token.id != id);
        if state.tokens.len() < before { Reply::empty(200) } else { not_found() }
    }
}

fn text(root: &Value, name: &str) -> String {
    root.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn show(state: &State, token: &ApiToken) -> Shown {
    let domain = token.domain.as_deref().map(|name| {
        let at = object_time(state.domain_since(name).unwrap_or(token.created_at));
        Domain { id: id::domain(name), name: name.to_owned(), created_at: at.clone(), updated_at: at }
    });
    Shown {
        id: token.id.clone(),
        name: token.name.clone(),
        status: if token.is_paused { "pause" } else { "unpause" },
        created_at: object_time(token.created_at),
        scopes: token.scopes(),
        domain,
    }
}
