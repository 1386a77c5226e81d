//! Logging in by SMTP: what a client tells, in one step or in several (RFC 4954).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN};

/// How a login is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// Name and password at once (RFC 4616).
    Plain,
    /// One after the other; never a standard, and everywhere.
    Login,
}

/// A login that is not told to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    Plain,
    Name,
    Password { user: String },
}

/// What a line of a login leads to.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The next line, asked for in these words.
    Ask(Exchange, &'static str),
    Told {
        user: String,
        password: String,
    },
    Cancelled,
    Unreadable,
}

/// `Username:` and `Password:`, which some clients look at.
const USERNAME: &str = "VXNlcm5hbWU6";
const PASSWORD: &str = "UGFzc3dvcmQ6";

impl Mechanism {
    pub(super) fn named(mechanism: u64) -> Option<Self> {
        match mechanism {
            AUTH_PLAIN => Some(Self::Plain),
            AUTH_LOGIN => Some(Self::Login),
            _ => None,
        }
    }

    /// `response` is what the command itself has of the login; empty is nothing, and `=` an empty one.
    pub(super) fn begin(self, response: &str) -> Step {
        match (self, response) {
            (Self::Plain, "") => Step::Ask(Exchange::Plain, ""),
            (Self::Login, "") => Step::Ask(Exchange::Name, USERNAME),
            (Self::Plain, response) => Exchange::Plain.read(response),
            (Self::Login, response) => Exchange::Name.read(response),
        }
    }
}

impl Exchange {
    /// Reads the next line of the login.
    pub(super) fn go_on(self, line: &[u8]) -> Step {
        match std::str::from_utf8(line).map(str::trim_ascii) {
            Ok("*") => Step::Cancelled,
            Ok(line) => self.read(line),
            Err(_) => Step::Unreadable,
        }
    }

    fn read(self, told: &str) -> Step {
        let told = if told == "=" { "" } else { told };
        let Some(told) = STANDARD.decode(told).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return Step::Unreadable;
        };
        match self {
            Self::Plain => match told.split('\0').collect::<Vec<_>>().as_slice() {
                // In whose name the user acts makes no difference here.
                [_, user, password] => Step::Told { user: (*user).to_owned(), password: (*password).to_owned() },
                _ => Step::Unreadable,
            },
            Self::Name => Step::Ask(Self::Password { user: told }, PASSWORD),
            Self::Password { user } => Step::Told { user, password: told },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(user: &str, password: &str) -> Step {
        Step::Told { user: user.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn plain_is_one_step_or_two() {
        let check =
            |response: &str, expected: Step| assert!(Mechanism::Plain.begin(response) == expected, "{response}");
        check("", Step::Ask(Exchange::Plain, ""));
        check("AGFubgBzZXNhbWU=", told("ann", "sesame"));
        check("Ym9iAGFubgBzZXNhbWU=", told("ann", "sesame"));
        check("YW5uAHNlc2FtZQ==", Step::Unreadable);
        check("not base64", Step::Unreadable);
        check("=", Step::Unreadable);
        assert!(Exchange::Plain.go_on(b"AGFubgBzZXNhbWU=\r\n") == told("ann", "sesame"));
        assert!(Exchange::Plain.go_on(b"*\r\n") == Step::Cancelled);
        assert!(Exchange::Plain.go_on(b"\xff\r\n") == Step::Unreadable);
    }

    #[test]
    fn login_asks_for_what_it_was_not_told() {
        assert!(Mechanism::Login.begin("") == Step::Ask(Exchange::Name, "VXNlcm5hbWU6"));
        let asks = Step::Ask(Exchange::Password { user: "ann".to_owned() }, "UGFzc3dvcmQ6");
        assert!(Mechanism::Login.begin("YW5u") == asks);
        assert!(Exchange::Name.go_on(b"YW5u\r\n") == asks);
        assert!(Exchange::Password { user: "ann".to_owned() }.go_on(b"c2VzYW1l\n") == told("ann", "sesame"));
        assert!(Exchange::Password { user: "ann".to_owned() }.go_on(b"=\r\n") == told("ann", ""));
    }
}
