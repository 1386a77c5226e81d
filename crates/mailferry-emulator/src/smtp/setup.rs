//! How the port that sends by SMTP is set up.

use std::net::{Ipv4Addr, SocketAddr};

use crate::builder::Builder;
use crate::settings::SubmissionUser;

/// The port that sends by SMTP.
#[derive(Clone, Default)]
pub(crate) struct SubmissionPort {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) users: Vec<SubmissionUser>,
    /// Certificates and key as PEM.
    pub(crate) tls: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) login_in_clear: bool,
}

impl Builder {
    /// Sends mail by SMTP from `address`, as MailerSend's relay does at port 587. By default it does not.
    ///
    /// A mail becomes the same [`Message`](crate::Message) as by the API, under the same rules. Clients have to log in, by
    /// AUTH PLAIN or LOGIN: as a [user](Builder::submission_user) or as one that the API has. While there are none, any
    /// name and password will do, but where other machines can reach `address` the password has to be a token.
    pub fn submission(mut self, address: SocketAddr) -> Self {
        self.submission.address = Some(address);
        self
    }

    /// Sends mail by SMTP from this port of `127.0.0.1`; 0 is any free one, which [`Emulator::submission_address`](crate::Emulator::submission_address) tells.
    pub fn submission_port(self, port: u16) -> Self {
        self.submission((Ipv4Addr::LOCALHOST, port).into())
    }

    /// Lets `name` log in with `password` where mail is sent by SMTP. As often as wanted.
    pub fn submission_user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        let (name, password) = (name.into(), password.into());
        self.submission.users.push(SubmissionUser { name, password });
        self
    }

    /// Offers STARTTLS where mail is sent by SMTP, with these certificates and their key, as PEM. Logins are then taken
    /// after it only, unless [told otherwise](Builder::submission_login_in_clear).
    pub fn submission_tls(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.submission.tls = Some((certificates.into(), key.into()));
        self
    }

    /// Whether logins are taken before STARTTLS, too. By default they are not; without a certificate they always are.
    pub fn submission_login_in_clear(mut self, allowed: bool) -> Self {
        self.submission.login_in_clear = allowed;
        self
    }
}
