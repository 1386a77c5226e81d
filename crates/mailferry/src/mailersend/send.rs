//! One message on its way: opened, written, posted request by request.

use reqwest::Method;

use super::batch::Batch;
use super::budget::Group;
use super::client::{Call, Client, Token};
use super::payload::{Endpoint, Payload, payload};
use super::{MailerSend, attachment, budget, response};
use crate::address::Address;
use crate::message::{Attachment, InvalidMessage, Message, Opened, Problem};
use crate::transport::{Error, RecipientStatus, Retry, SendStatus, Status, mask};

impl MailerSend {
    pub(super) async fn deliver(&self, message: &Message) -> Result<SendStatus, Error> {
        if !message.has_recipients() {
            return Ok(SendStatus::default());
        }
        let opened = open(message).await?;
        let mut payload = payload(message, &opened, &self.options, self.clock.unix())?;
        for warning in &payload.warnings {
            tracing::warn!(path = mask(warning.path()), "{}", warning.text());
        }
        let mut status = SendStatus::default();
        status.reserve(payload.to.len());
        status.set_dropped(std::mem::take(&mut payload.dropped));
        status.set_warnings(std::mem::take(&mut payload.warnings));
        let token = self.token_for(&payload)?;
        for batch in payload.batches() {
            // A request that follows an accepted one: the message can no longer be sent again as a whole.
            let follows = !status.responses().is_empty();
            if follows {
                let pause = budget::pause(status.rate(), self.clock.unix());
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            // What `esp_extra` puts in the place of recipients is sent, and the status speaks of the message's own.
            let mut to = if payload.endpoint == Endpoint::Email || payload.replaces_recipients() {
                message.to().iter().map(|mailbox| mailbox.address().clone()).collect()
            } else {
                payload.addresses(&batch)
            };
            if let Err(error) = self.post(message, &payload, &batch, &mut to, token, &mut status).await {
                // Of a first request in doubt it is known at least who was never tried.
                let in_part = follows || (error.retry() == Retry::Ambiguous && to.len() < message.to().len());
                return Err(if in_part { half_sent(error, status, message, &to) } else { error });
            }
        }
        response::record_copies(&mut status, message);
        Ok(status)
    }

    pub(super) fn call(&self, payload: &Payload<'_>, batch: &Batch, token: &Token) -> Call {
        let url = self.client.endpoint(payload.endpoint);
        Client::call(Method::POST, url, token, Some(payload.body(batch)))
    }

    /// Posts one request and notes what became of its recipients. Only when an earlier request of the same message was
    /// accepted is a refusal waited out.
    async fn post(
        &self,
        message: &Message,
        payload: &Payload<'_>,
        batch: &Batch,
        to: &mut Vec<Address>,
        token: &Token,
        status: &mut SendStatus,
    ) -> Result<(), Error> {
        let follows = !status.responses().is_empty();
        let mut attempt = 0;
        loop {
            // Counted and learned from, so that questions leave room; a message waits for no budget.
            let group = match payload.endpoint {
                Endpoint::Email => Group::Email,
                Endpoint::BulkEmail => Group::Bulk,
            };
            token.count(group, self.clock.unix());
            let answer = match self.client.send(self.call(payload, batch, token)).await {
                Ok(response) => {
                    let now = self.clock.unix();
                    let rate = response::rate(&response);
                    token.learn(group, &rate, now);
                    response::record(status, message, to, (response, rate), now)
                }
                Err(error) => Err(error),
            };
            let error = match answer {
                Err(error) if follows => error,
                settled => return settled,
            };
            match budget::repeat_after(error.retry(), attempt) {
                Some(wait) => {
                    tracing::info!(seconds = wait.as_secs(), "waiting to go on with a bulk send");
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                None => return Err(error),
            }
        }
    }
}

/// Opens the attachments, so that what cannot be read is known before anything is sent.
pub(super) async fn open(message: &Message) -> Result<Vec<Opened>, Error> {
    let mut opened = Vec::with_capacity(message.attachments().len());
    let mut problems = Vec::new();
    for (index, attachment) in message.attachments().iter().enumerate() {
        match open_one(attachment).await {
            Ok(content) => opened.push(content),
            Err(cause) => {
                let path = format!("attachments[{index}]");
                let file = attachment.path().map(|path| path.display().to_string()).unwrap_or_default();
                problems.push(Problem::new(path, format!("{file:?} cannot be read: {cause}"), "check the path"));
            }
        }
    }
    if problems.is_empty() { Ok(opened) } else { Err(InvalidMessage::new(problems).into()) }
}

async fn open_one(attachment: &Attachment) -> std::io::Result<Opened> {
    if attachment::needs_conversion(attachment) {
        // Converted text has another length, which must be known beforehand.
        return Ok(Opened::Bytes(attachment.read_limited().await?));
    }
    attachment.open().await
}

/// The error of a bulk send of which a part was, or may have been, accepted: who has it, who has it not, and who may
/// have it. Sending the whole again would send twice.
fn half_sent(error: Error, mut accepted: SendStatus, message: &Message, in_doubt: &[Address]) -> Error {
    let doubtful = error.retry() == Retry::Ambiguous;
    for mailbox in message.to() {
        let address = mailbox.address();
        if accepted.recipient(address.as_str()).is_none() {
            let unknown = doubtful && in_doubt.contains(address);
            let status = if unknown { Status::Unknown } else { Status::Failed };
            accepted.set(address.clone(), RecipientStatus::new(status, None::<String>));
        }
    }
    // A copy goes with every request, so the first that was accepted, or may have been, brought them one.
    response::record_copies(&mut accepted, message);
    for mailbox in message.cc().iter().chain(message.bcc()) {
        if accepted.recipient(mailbox.address().as_str()).is_none() {
            accepted.set(mailbox.address().clone(), RecipientStatus::new(Status::Unknown, None::<String>));
        }
    }
    error
        .with_retry(Retry::Ambiguous)
        .with_remedy(
            "part of the message may have been accepted: send again only to the recipients whose status is `failed`",
        )
        .with_status(accepted)
}
