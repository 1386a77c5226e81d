//! Sessions of the mailbox page: a cookie instead of a token, where other machines can reach the emulator.
//!
//! A session is a random value that only this process knows, and ends with it, or with the token that it was begun with.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::id::hex;

/// How many sessions there are at once; the oldest ends when there is one more.
const MOST: usize = 64;
/// Bytes of randomness in a session.
const LENGTH: usize = 32;

/// All sessions, and how their cookie is called.
pub(crate) struct Sessions {
    /// Made up for each process: values are compared by what it makes of them, which takes as long for wrong ones.
    key: Option<hmac::Key>,
    random: SystemRandom,
    open: Mutex<VecDeque<Session>>,
    cookie: String,
}

struct Session {
    tag: hmac::Tag,
    /// The id of the token that it was begun with.
    token: String,
}

impl Sessions {
    /// For an emulator at this port: browsers share cookies between all ports of a host.
    pub(crate) fn new(port: u16) -> Self {
        let random = SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random).ok();
        Self { key, random, open: Mutex::default(), cookie: format!("mailferry_{port}") }
    }

    /// Begins a session with the token of this id, and gives the cookie that it is: none when the machine has no
    /// randomness.
    pub(crate) fn begin(&self, token: String) -> Option<String> {
        let mut value = [0; LENGTH];
        self.random.fill(&mut value).ok()?;
        let value = hex(&value);
        let tag = hmac::sign(self.key.as_ref()?, value.as_bytes());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push_back(Session { tag, token });
        if open.len() > MOST {
            open.pop_front();
        }
        Some(self.cookie(&value))
    }

    /// The id of the token that an open session was begun with, if one of `cookies`, as a `Cookie` header has them, is
    /// one's.
    pub(crate) fn token_of(&self, cookies: &str) -> Option<String> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = self.tags(cookies).find_map(|tag| open.iter().find(|session| same(&session.tag, &tag)));
        session.map(|session| session.token.clone())
    }

    /// Ends the session of `cookies`, and gives the cookie that takes the place of its own.
    pub(crate) fn end(&self, cookies: &str) -> String {
        let ended: Vec<hmac::Tag> = self.tags(cookies).collect();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|session| !ended.iter().any(|tag| same(&session.tag, tag)));
        let mut cookie = self.cookie("");
        let _ = write!(cookie, "; Max-Age=0");
        cookie
    }

    /// Whether two secrets are the same, in a time that does not tell where they differ.
    pub(crate) fn is_same(&self, one: &str, other: &str) -> bool {
        let Some(key) = &self.key else { return false };
        hmac::verify(key, one.as_bytes(), hmac::sign(key, other.as_bytes()).as_ref()).is_ok()
    }

    /// Proves that `text` was made up by this process.
    pub(crate) fn seal(&self, text: &str) -> Option<String> {
        let tag = hmac::sign(self.key.as_ref()?, text.as_bytes());
        Some(hex(tag.as_ref().get(..16)?))
    }

    /// What the key makes of each value that could be a session's.
    fn tags<'a>(&'a self, cookies: &'a str) -> impl Iterator<Item = hmac::Tag> + 'a {
        let named = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        let its = named.filter(|(name, value)| *name == self.cookie && value.len() == LENGTH * 2);
        // A browser sends one or two; a list of thousands is not worked through.
        its.take(4).filter_map(|(_, value)| Some(hmac::sign(self.key.as_ref()?, value.as_bytes())))
    }

    fn cookie(&self, value: &str) -> String {
        format!("{}={value}; Path=/_emulator; HttpOnly; SameSite=Strict", self.cookie)
    }
}

/// Tags are made by a key that nobody knows: where two of them differ tells nothing about what they were made of.
fn same(one: &hmac::Tag, other: &hmac::Tag) -> bool {
    one.as_ref() == other.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser sends back.
    fn sent(cookie: &str) -> String {
        cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn sessions_are_open_until_they_end() {
        let sessions = Sessions::new(8025);
        let cookie = sessions.begin("t".to_owned()).unwrap();
        assert!(
            cookie.starts_with("mailferry_8025=") && cookie.ends_with("; Path=/_emulator; HttpOnly; SameSite=Strict")
        );
        let mine = sent(&cookie);
        for cookies in [&mine, &format!("theme=dark; {mine}")] {
            assert_eq!(sessions.token_of(cookies).as_deref(), Some("t"));
        }
        let other = Sessions::new(8025);
        assert_eq!(other.token_of(&mine), None);
        let zeros = format!("mailferry_8025={}", "0".repeat(64));
        for wrong in
            ["", "mailferry_8025=", "mailferry_8025", &mine[..mine.len() - 1], &mine.replace("8025", "8026"), &zeros]
        {
            assert_eq!(sessions.token_of(wrong), None, "{wrong}");
        }
        assert!(sessions.end(&mine).ends_with("Max-Age=0"));
        assert_eq!(sessions.token_of(&mine), None);
    }

    #[test]
    fn the_oldest_session_ends_when_there_are_too_many() {
        let sessions = Sessions::new(1);
        let cookies: Vec<_> = (0..=MOST).map(|_| sent(&sessions.begin("t".to_owned()).unwrap())).collect();
        assert_eq!(sessions.token_of(&cookies[0]), None);
        assert!(cookies[1..].iter().all(|cookie| sessions.token_of(cookie).is_some()));
    }

    #[test]
    fn secrets_are_compared() {
        let sessions = Sessions::new(1);
        assert!(sessions.is_same("mlsn.1", "mlsn.1"));
        assert!(!sessions.is_same("mlsn.1", "mlsn.2") && !sessions.is_same("", "mlsn.1"));
        assert_ne!(sessions.seal("a"), sessions.seal("b"));
        assert_eq!(sessions.seal("a"), sessions.seal("a"));
    }
}
