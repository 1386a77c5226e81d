//! What became of each mail, kept by the inbox itself.

use mailferry::Event;
use mailferry::delivery::DeliveryState;
use mailferry::webhook::Handling;
use sqlx::SqliteConnection;

use crate::handler::TransactionHandler;
use crate::inbox::{Error, Inbox};
use crate::sqlite;

/// A transaction handler that keeps a [`DeliveryState`] for every message and recipient; [`Inbox::delivery`] and
/// [`Inbox::deliveries`] look it up.
///
/// Events without a message id or a recipient tell it nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deliveries;

impl TransactionHandler for Deliveries {
    fn handle<'a>(&'a self, transaction: &'a mut SqliteConnection, event: &'a Event) -> Handling<'a> {
        Box::pin(async move {
            let Event::Tracking(event) = event else { return Ok(()) };
            if let (Some(message_id), Some(recipient)) = (&event.message_id, &event.recipient) {
                let told = DeliveryState::of(event);
                sqlite::note_delivery(transaction, message_id, recipient, told).await.map_err(Error::from)?;
            }
            Ok(())
        })
    }
}

impl Inbox {
    /// What is known of a message to one recipient, in whichever case the address is written. `None` when nothing was
    /// told, or no worker runs [`Deliveries`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn delivery(&self, message_id: &str, recipient: &str) -> Result<Option<DeliveryState>, Error> {
        Ok(self.reader().delivery(message_id, recipient).await?)
    }

    /// What is known of a message to each recipient, whose addresses are in lower case.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn deliveries(&self, message_id: &str) -> Result<Vec<(String, DeliveryState)>, Error> {
        Ok(self.reader().deliveries(message_id).await?)
    }
}
