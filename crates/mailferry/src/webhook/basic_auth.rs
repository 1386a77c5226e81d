//! A user and password in front of an endpoint.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use ring::hmac;

use crate::secret::Secret;
use crate::transport::{Error, ErrorKind};

/// The pairs of which any will do; none at all when nothing is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct BasicAuth(Vec<Pair>);

/// A pair as its tag: all tags are of one length, so that comparing them tells nothing of the pair's.
#[derive(Clone)]
struct Pair {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl fmt::Debug for Pair {
    /// Without the tag: whoever reads it could try out passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

impl BasicAuth {
    /// Asks for one of these `user:password` pairs, too.
    pub(super) fn add(&mut self, pair: &Secret) -> Result<(), Error> {
        let pair = pair.expose();
        if pair.split_once(':').is_none_or(|(_, password)| password.is_empty()) {
            return Err(Error::new(ErrorKind::Config, "basic authentication wants `user:password`")
                .with_remedy("give every pair a user, a colon and a password"));
        }
        // The key need not be secret: what counts is that tags are compared in constant time.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"basic authentication");
        let tag = hmac::sign(&key, pair.as_bytes());
        self.0.push(Pair { key, tag });
        Ok(())
    }

    /// Whether a request has one of the pairs.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some(given) = credentials(headers) else { return false };
        let fits = |pair: &Pair| hmac::verify(&pair.key, &given, pair.tag.as_ref()).is_ok();
        self.0.iter().fold(false, |found, pair| fits(pair) | found)
    }
}

fn credentials(headers: &HeaderMap) -> Option<Vec<u8>> {
    let mut words = headers.get(AUTHORIZATION)?.to_str().ok()?.split_ascii_whitespace();
    let (scheme, encoded) = (words.next()?, words.next()?);
    if words.next().is_some() || !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(encoded).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn guard(pairs: &[&str]) -> BasicAuth {
        let mut guard = BasicAuth::default();
        for pair in pairs {
            guard.add(&Secret::new(*pair)).unwrap();
        }
        guard
    }

    fn admits(guard: &BasicAuth, authorization: impl AsRef<[u8]>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(authorization.as_ref()).unwrap());
        guard.admits(&headers)
    }

    /// WHK-12, WHK-14
    #[test]
    fn one_of_the_pairs_is_asked_for() {
        let guard = guard(&["ann:one", "bob:two:three", "čáp:ž"]);
        for pair in ["ann:one", "bob:two:three", "čáp:ž"] {
            assert!(admits(&guard, format!("Basic {}", STANDARD.encode(pair))), "{pair}");
        }
        for pair in ["ann:two", "ann:one ", "Ann:one", "ann", "", ":", "ann:one\0"] {
            assert!(!admits(&guard, format!("Basic {}", STANDARD.encode(pair))), "{pair}");
        }
        assert!(!guard.admits(&HeaderMap::new()));
    }

    /// WHK-16: and nothing is skipped inside the base64.
    #[test]
    fn the_header_is_read_strictly() {
        let guard = guard(&["ann:one"]);
        let right = STANDARD.encode("ann:one");
        for scheme in ["Basic", "basic", "BASIC", "bAsIc"] {
            assert!(admits(&guard, format!("{scheme} {right}")), "{scheme}");
        }
        assert!(admits(&guard, format!("Basic   {right}")));
        for wrong in [
            right.clone(),
            format!("Basic{right}"),
            format!("Bearer {right}"),
            format!("Basic {right} {right}"),
            format!("Basic {}", right.trim_end_matches('=')),
            format!("Basic {}*{}", &right[..4], &right[4..]),
            format!("Basic {right}="),
            "Basic ann:one".to_owned(),
            "Basic".to_owned(),
            "Basic é".to_owned(),
            String::new(),
        ] {
            assert!(!admits(&guard, &wrong), "{wrong:?}");
        }
    }

    /// WHK-15, WHK-17
    #[test]
    fn nothing_is_asked_for_when_there_is_no_pair() {
        let open = BasicAuth::default();
        assert!(open.admits(&HeaderMap::new()));
        assert!(admits(&open, "Basic bm90OmFza2Vk"));
        assert!(!guard(&["None:None"]).admits(&HeaderMap::new()));
    }

    /// WHK-21
    #[test]
    fn a_pair_has_a_colon_and_a_password() {
        for wrong in ["", "ann", "ann:", ":"] {
            let error = BasicAuth::default().add(&Secret::new(wrong)).unwrap_err();
            assert!(error.kind() == ErrorKind::Config && (wrong.len() < 2 || !error.to_string().contains(wrong)));
        }
        let shown = format!("{:?}", guard(&["ann:hush"]));
        assert!(!shown.contains("hush"), "{shown}");
        let tag = hmac::sign(&guard(&["ann:hush"]).0[0].key, b"ann:hush");
        assert!(!shown.contains(&format!("{tag:?}")), "{shown}");
    }
}
