//! Mail by SMTP for the inbound routes.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Envelope, Mailroom, Manner, Refusal};
use crate::inbound::{NotReceived, ReceivedMessage};
use crate::service::Service;

/// Hands mail to the inbound routes of a service.
pub(crate) struct Routes(pub(crate) Arc<Service>);

impl Mailroom for Routes {
    fn manner(&self) -> Manner {
        Manner { login: false, international: true, enhanced: true }
    }

    /// Nobody is asked: AUTH is not offered.
    fn knows(&self, _: &str, _: &str) -> Result<(), Refusal> {
        Err(Refusal::new(502, "5.5.1 Command not implemented"))
    }

    fn opens(&self) -> Result<(), Refusal> {
        Ok(())
    }

    fn admits(&self, recipient: &str) -> Result<(), Refusal> {
        if self.0.state().inbound.listens_for(recipient) {
            Ok(())
        } else {
            Err(Refusal::new(550, "5.1.1 No inbound route listens for this recipient"))
        }
    }

    fn take(&self, envelope: &Envelope, from: IpAddr, raw: &[u8]) -> Result<String, Refusal> {
        let Envelope { client, user: _, sender, recipients } = envelope;
        let date = self.0.clock.now().to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000");
        // As every server on the way does (RFC 5321, 4.4); the name is reserved for tests (RFC 2606).
        let client: String = client.chars().filter(|c| c.is_ascii_graphic() && !"()<>;".contains(*c)).collect();
        let trace = format!("Received: from {client} ([{from}])\r\n by mailferry.test with ESMTP; {date}\r\n");
        let traced = [trace.as_bytes(), raw].concat();
        match self.0.receive(sender, recipients, &traced) {
            Ok(received) => {
                let id = received.messages().first().map(ReceivedMessage::id).unwrap_or_default();
                Ok(format!("2.0.0 Message queued as {id}"))
            }
            Err(NotReceived::NoRoute) => {
                Err(Refusal::new(550, "5.1.1 No inbound route listens for these recipients any longer"))
            }
            Err(NotReceived::Unwanted) => Err(Refusal::new(550, "5.7.1 No inbound route wants this mail")),
            Err(NotReceived::AttachmentType) => Err(Refusal::new(554, "5.6.1 An attachment has an unsupported type")),
            Err(NotReceived::AttachmentSize) => Err(Refusal::new(552, "5.3.4 An attachment is too large")),
            Err(NotReceived::TooLarge) => Err(Refusal::new(552, "5.3.4 The mail is too large as text")),
            Err(NotReceived::NoEmail) => Err(Refusal::new(550, "5.1.1 No such email")),
        }
    }
}
