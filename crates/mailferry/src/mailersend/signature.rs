//! Who made a body: MailerSend's signature, and what may be read because of it.

use bytes::Bytes;
use http::HeaderMap;
use ring::hmac;

use crate::secret::Secret;
use crate::transport;
use crate::webhook::Error;

const HEADER: &str = "signature";

/// Signs the ping that MailerSend sends to a URL before it keeps a webhook. It is published, so it proves nothing.
const PING_SECRET: &str = "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G";

/// The length of a SHA-256 digest in bytes.
const DIGEST: usize = 32;

/// The value of the header `Signature` for a body: its HMAC-SHA256 in lower-case hexadecimal.
///
/// ```
/// use mailferry::mailersend::sign;
///
/// let body = br#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-04-08T12:19:27.608339Z"}"#;
/// let signature = sign(body, "test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G");
/// assert_eq!(signature, "7fb29be5b1cdb588ee67fa43a0a9d1b394cbb9603a0ac0b87924649d715194c2");
/// ```
pub fn sign(body: &[u8], secret: &str) -> String {
    hexadecimal(hmac::sign(&key(secret), body).as_ref())
}

/// The secrets that a signature may be made with: at least one, none empty.
#[derive(Clone, Debug)]
pub(super) struct Secrets {
    first: hmac::Key,
    others: Vec<hmac::Key>,
    ping: hmac::Key,
    setting: &'static str,
}

impl Secrets {
    /// `setting` is the one that holds them, for errors.
    pub(super) fn new(secret: &Secret, setting: &'static str) -> Result<Self, transport::Error> {
        Ok(Self { first: usable(secret, setting)?, others: Vec::new(), ping: key(PING_SECRET), setting })
    }

    /// Takes another one beside those there are.
    pub(super) fn add(&mut self, secret: &Secret) -> Result<(), transport::Error> {
        self.others.push(usable(secret, self.setting)?);
        Ok(())
    }

    /// A signature made with the first secret.
    pub(super) fn sign(&self, body: &[u8]) -> String {
        hexadecimal(hmac::sign(&self.first, body).as_ref())
    }

    /// Whether there is a signature at all.
    pub(super) fn is_signed(headers: &HeaderMap) -> Result<(), Error> {
        if headers.contains_key(HEADER) { Ok(()) } else { Err(Error::Unsigned) }
    }

    /// Verifies the bytes as they came.
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Verified, Error> {
        let signature = headers.get(HEADER).ok_or(Error::Unsigned)?;
        let digest = digest(signature.as_bytes()).ok_or(Error::WrongSignature(self.setting))?;
        let fits = |key: &hmac::Key| hmac::verify(key, body, &digest).is_ok();
        // Every secret is tried, so that the time does not tell which one fits.
        let is_ours = self.others.iter().fold(fits(&self.first), |found, key| fits(key) | found);
        if is_ours || (fits(&self.ping) && super::webhook::is_ping(body)) {
            return Ok(Verified { body: Bytes::copy_from_slice(body) });
        }
        Err(Error::WrongSignature(self.setting))
    }
}

/// A body of which it is known who made it. Nothing else can be read, and there is no other way to one than
/// [`Secrets::verify`], now or when it was first received.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    body: Bytes,
}

impl Verified {
    /// A body that was verified earlier and kept since.
    pub(super) fn earlier(body: Bytes) -> Self {
        Self { body }
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn usable(secret: &Secret, setting: &'static str) -> Result<hmac::Key, transport::Error> {
    let secret = secret.expose();
    if secret.trim().is_empty() {
        let text = format!("the secret that signatures are checked with is empty ({setting})");
        return Err(transport::Error::new(transport::ErrorKind::Config, text)
            .with_remedy("copy it from the webhook or inbound route in MailerSend"));
    }
    Ok(key(secret))
}

/// Reads 64 lower-case hexadecimal digits, and nothing else.
fn digest(signature: &[u8]) -> Option<[u8; DIGEST]> {
    let mut digest = [0; DIGEST];
    let (pairs, rest) = signature.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != DIGEST {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(digest)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PING: &str =
        r#"{"type":"webhook.test","message":"This is a ping test message","created_at":"2026-04-08T12:19:27.608339Z"}"#;
    const PING_SIGNATURE: &str = "7fb29be5b1cdb588ee67fa43a0a9d1b394cbb9603a0ac0b87924649d715194c2";
    const SETTING: &str = "A_SETTING";

    fn secrets(all: &[&str]) -> Secrets {
        let (first, others) = all.split_first().unwrap();
        let mut secrets = Secrets::new(&Secret::new(*first), SETTING).unwrap();
        for other in others {
            secrets.add(&Secret::new(*other)).unwrap();
        }
        secrets
    }

    fn verify(secrets: &Secrets, signature: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Result<Verified, Error> {
        let mut headers = HeaderMap::new();
        headers.insert("Signature", HeaderValue::from_bytes(signature.as_ref()).unwrap());
        secrets.verify(&headers, body.as_ref())
    }

    #[test]
    fn the_published_example_agrees() {
        assert_eq!(sign(PING.as_bytes(), PING_SECRET), PING_SIGNATURE);
    }

    /// WHK-05, WHK-10: any bytes of a secret count, and any bytes of a body.
    #[test]
    fn a_right_signature_verifies_the_bytes_as_they_came() {
        for secret in ["secret", "gehëim ⛵", " padded ", &"k".repeat(200)] {
            for body in [&b"{\"a\":\"b\\/c\"}"[..], b"", b"\xff\x00", &vec![b'x'; 100_000]] {
                let verified = verify(&secrets(&[secret]), sign(body, secret), body).unwrap();
                assert_eq!(verified.body(), body);
                assert_eq!(secrets(&[secret, "other"]).sign(body), sign(body, secret));
            }
        }
    }

    /// WHK-06
    #[test]
    fn no_signature_is_told_from_a_wrong_one() {
        let secrets = secrets(&["secret"]);
        assert_eq!(secrets.verify(&HeaderMap::new(), b"{}").unwrap_err(), Error::Unsigned);
        assert_eq!(verify(&secrets, "", "{}").unwrap_err(), Error::WrongSignature(SETTING));
    }

    /// WHK-07, WHK-08
    #[test]
    fn a_wrong_signature_is_refused_calmly() {
        let body = "{\"type\":\"activity.sent\"}";
        let right = sign(body.as_bytes(), "secret");
        let secrets = secrets(&["secret", "newer secret"]);
        let mut wrong: Vec<Vec<u8>> = vec![
            right.to_uppercase().into(),
            format!("sha256={right}").into(),
            format!("{right}0").into(),
            format!("{right} ").into(),
            right[..63].into(),
            right[..62].into(),
            format!("{}é", &right[..62]).into(),
            "é".repeat(32).into(),
            b"\xff".repeat(64),
            "g".repeat(64).into(),
            "0".repeat(64).into(),
            "a".repeat(8000).into(),
            sign(body.as_bytes(), "other secret").into(),
            sign(body.as_bytes(), PING_SECRET).into(),
        ];
        for place in 0..right.len() {
            let mut changed = right.clone().into_bytes();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            wrong.push(changed);
        }
        for signature in wrong {
            let error = verify(&secrets, &signature, body).unwrap_err();
            assert_eq!(error, Error::WrongSignature(SETTING), "{}", String::from_utf8_lossy(&signature));
        }
        assert!(verify(&secrets, &right, format!("{body} ")).is_err(), "one byte more");
        assert!(verify(&secrets, &right, body).is_ok());
    }

    #[test]
    fn any_of_several_secrets_will_do() {
        let secrets = secrets(&["old", "new", "newest"]);
        for secret in ["old", "new", "newest"] {
            assert!(verify(&secrets, sign(b"{}", secret), "{}").is_ok(), "{secret}");
        }
        assert!(verify(&secrets, sign(b"{}", "older"), "{}").is_err());
    }

    /// WHK-10
    #[test]
    fn an_empty_secret_is_refused_from_the_start() {
        for empty in ["", "  ", "\n"] {
            let error = Secrets::new(&Secret::new(empty), SETTING).unwrap_err();
            assert!(error.kind() == transport::ErrorKind::Config && error.to_string().contains(SETTING), "{error}");
            assert!(secrets(&["secret"]).add(&Secret::new(empty)).is_err());
        }
    }

    #[test]
    fn the_published_key_is_good_for_the_ping_alone() {
        let secrets = secrets(&["secret"]);
        assert!(verify(&secrets, PING_SIGNATURE, PING).is_ok());
        for body in [
            r#"{"type":"webhook.test2"}"#,
            r#"{"type":"Webhook.test"}"#,
            r#"{"type":"webhook.test","type":"activity.sent"}"#,
            r#"{"data":{"type":"webhook.test"}}"#,
            r#"{"type":["webhook.test"]}"#,
            r#"[{"type":"webhook.test"}]"#,
            r#""webhook.test""#,
            "webhook.test",
            "",
        ] {
            let error = verify(&secrets, sign(body.as_bytes(), PING_SECRET), body).unwrap_err();
            assert_eq!(error, Error::WrongSignature(SETTING), "{body}");
        }
    }

    #[test]
    fn secrets_cannot_be_printed() {
        let shown = format!("{:?}", secrets(&["hush", "quiet"]));
        assert!(!shown.contains("hush") && !shown.contains("quiet"), "{shown}");
    }
}
