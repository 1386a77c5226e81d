//! Mail by SMTP for the inbound routes.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Envelope, Mailroom, Refusal};
use crate::inbound::NotReceived;
use crate::service::Service;

/// Hands mail to the inbound routes of a service.
pub(crate) struct Routes(pub(crate) Arc<Service>);

impl Mailroom for Routes {
    fn admits(&self, recipient: &str) -> Result<(), Refusal> {
        if self.0.state().inbound.listens_for(recipient) {
            Ok(())
        } else {
            Err(Refusal { code: 550, text: "5.1.1 No inbound route listens for this recipient" })
        }
    }

    fn take(&self, envelope: &Envelope, from: IpAddr, raw: &[u8]) -> Result<String, Refusal> {
        let Envelope { client, sender, recipients } = envelope;
        let date = self.0.clock.now().to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000");
        // As every server on the way does (RFC 5321, 4.4); the name is reserved for tests (RFC 2606).
        let client: String = client.chars().filter(|c| c.is_ascii_graphic() && !"()<>;".contains(*c)).collect();
        let trace = format!("Received: from {client} ([{from}])\r\n by mailferry.test with ESMTP; {date}\r\n");
        let traced = [trace.as_bytes(), raw].concat();
        match self.0.receive(sender, recipients, &traced) {
            Ok(received) => Ok(received.messages().first().map(|message| message.id().to_owned()).unwrap_or_default()),
            Err(NotReceived::NoRoute) => {
                Err(Refusal { code: 550, text: "5.1.1 No inbound route listens for these recipients any longer" })
            }
            Err(NotReceived::Unwanted) => Err(Refusal { code: 550, text: "5.7.1 No inbound route wants this mail" }),
            Err(NotReceived::AttachmentType) => {
                Err(Refusal { code: 554, text: "5.6.1 An attachment has an unsupported type" })
            }
            Err(NotReceived::AttachmentSize) => Err(Refusal { code: 552, text: "5.3.4 An attachment is too large" }),
            Err(NotReceived::NoEmail) => Err(Refusal { code: 550, text: "5.1.1 No such email" }),
        }
    }
}
