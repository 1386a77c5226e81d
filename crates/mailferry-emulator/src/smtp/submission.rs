//! Mail by SMTP that is to be sent, as through MailerSend's relay.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Envelope, Mailroom, Manner, Refusal};
use crate::rules::is_address;
use crate::service::Service;

/// Sends mail for whoever has logged in.
pub(crate) struct Submission {
    pub(crate) service: Arc<Service>,
    /// Other machines can reach the port.
    pub(crate) is_exposed: bool,
}

impl Mailroom for Submission {
    /// Without enhanced codes, because the relay's last reply has none (documented). Addresses beyond ASCII are not taken
    /// by the API either; that the relay does not offer them is UNCERTAIN.
    fn manner(&self) -> Manner {
        Manner { login: true, international: false, enhanced: false }
    }

    fn knows(&self, user: &str, password: &str) -> Result<(), Refusal> {
        self.service.log_in(user, password, self.is_exposed)
    }

    fn opens(&self) -> Result<(), Refusal> {
        self.service.is_open()
    }

    fn admits(&self, recipient: &str) -> Result<(), Refusal> {
        if is_address(recipient) {
            Ok(())
        } else {
            Err(Refusal::new(553, "5.1.3 The recipient must be a valid email address. #MS42208"))
        }
    }

    fn take(&self, envelope: &Envelope, from: IpAddr, raw: &[u8]) -> Result<String, Refusal> {
        self.service.submit(envelope, from, raw)
    }
}
