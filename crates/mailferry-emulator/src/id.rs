//! Identifiers in the shapes that MailerSend gives them (facts sheet 9.1).

use std::hash::{BuildHasher, Hasher};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The sixteen-character ids of domains and templates use only these letters: none of the 36 recorded ones has
/// another (facts sheet 9.1, recorded).
const HASHID_LETTERS: &[u8; 27] = b"0123456789degjklmnopqrvwxyz";
const HASHID_LENGTH: usize = 16;

/// A source of identifiers; the same seed gives the same sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    /// Starts the sequence that belongs to `seed`, or a different one at each start.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { state: seed.unwrap_or_else(random) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// 24 hex digits whose first eight are the Unix time of creation.
    pub(crate) fn object(&mut self, now: Timestamp) -> String {
        object(now, self.next())
    }

    /// What [`object`] makes an id of, for something whose id is written out only when it is asked for.
    pub(crate) fn serial(&mut self) -> u64 {
        self.next()
    }

    /// Sixteen of the letters that ids of routes, webhooks and templates are made of.
    pub(crate) fn hashid(&mut self) -> String {
        self.letters(HASHID_LETTERS, HASHID_LENGTH)
    }

    /// 32 letters and digits: what a webhook or a forward signs with.
    pub(crate) fn secret(&mut self) -> String {
        self.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 32)
    }

    /// The local part of an inbound address: 20 small letters and digits.
    pub(crate) fn mailbox(&mut self) -> String {
        self.letters(b"abcdefghijklmnopqrstuvwxyz0123456789", 20)
    }

    /// Six letters and digits: what the name of an SMTP user has of its own.
    pub(crate) fn user(&mut self) -> String {
        self.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 6)
    }

    /// Sixteen letters and digits (UNCERTAIN): what an SMTP user logs in with.
    pub(crate) fn password(&mut self) -> String {
        self.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16)
    }

    fn letters(&mut self, alphabet: &[u8], length: usize) -> String {
        let count = u64::try_from(alphabet.len()).unwrap_or(1).max(1);
        (0..length)
            .map(|_| {
                let index = usize::try_from(self.next() % count).unwrap_or(0);
                alphabet.get(index).copied().map_or('0', char::from)
            })
            .collect()
    }

    /// `mlsn.` and 64 hex digits. UNCERTAIN: at least 60 digits are known, 64 assumed (facts sheet 1.1).
    pub(crate) fn token(&mut self) -> String {
        format!("mlsn.{:016x}{:016x}{:016x}{:016x}", self.next(), self.next(), self.next(), self.next())
    }
}

/// Another number each time.
pub(crate) fn random() -> u64 {
    // `RandomState` is seeded by the operating system; what is made of it must differ, not resist guessing.
    std::hash::RandomState::new().build_hasher().finish()
}

/// A number that looks nothing like `seed`, always the same one.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// 24 hex digits: the Unix time in seconds, then `serial`.
pub(crate) fn object(at: Timestamp, serial: u64) -> String {
    let seconds = u32::try_from(at.as_second()).unwrap_or(0);
    format!("{seconds:08x}{serial:016x}")
}

/// `bytes` in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The id of the domain called `name`, always the same one, so that tests can write it down.
pub(crate) fn domain(name: &str) -> String {
    let mut number = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    let mut id = String::with_capacity(HASHID_LENGTH);
    for _ in 0..HASHID_LENGTH {
        number = mix(number.wrapping_add(0x9E37_79B9_7F4A_7C15));
        let index = usize::try_from(number % HASHID_LETTERS.len() as u64).unwrap_or(0);
        id.push(HASHID_LETTERS.get(index).copied().map_or('0', char::from));
    }
    id
}

/// The id of the template that a file called `name` holds, always the same one.
pub(crate) fn template(name: &str) -> String {
    domain(&format!("template {name}"))
}

/// Whether `id` could be the id of a domain or a template; MailerSend treats any other text as absent (facts sheet
/// 1.4, recorded).
pub(crate) fn is_hashid(id: &str) -> bool {
    id.len() == HASHID_LENGTH && id.bytes().all(|byte| HASHID_LETTERS.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_ids_start_with_their_time() {
        let now = "2024-12-17T13:48:48Z".parse().unwrap();
        let id = Ids::new(Some(1)).object(now);
        assert_eq!((id.len(), &id[..8]), (24, "67618140"));
        assert_eq!(id, Ids::new(Some(1)).object(now));
        assert_ne!(id, Ids::new(Some(2)).object(now));
    }

    #[test]
    fn the_other_ids_have_their_lengths_and_letters() {
        let mut ids = Ids::new(Some(1));
        assert!(is_hashid(&ids.hashid()));
        let (secret, mailbox) = (ids.secret(), ids.mailbox());
        assert!(secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_alphanumeric()), "{secret}");
        assert!(mailbox.len() == 20 && mailbox.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_ne!(secret, ids.secret());
    }

    #[test]
    fn domain_ids_have_the_recorded_alphabet() {
        assert!(is_hashid(&domain("example.com")));
        assert_ne!(domain("example.com"), domain("example.org"));
        assert!(!is_hashid("0123456789abcdef"));
    }
}
