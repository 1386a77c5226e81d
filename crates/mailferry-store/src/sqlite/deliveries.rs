//! The table of what became of each mail.

use mailferry::delivery::DeliveryState;

use super::{Connection, Reader, Result};

/// Puts what an event tells to what is known.
pub(crate) async fn note_delivery(
    connection: &mut Connection,
    message_id: &str,
    recipient: &str,
    told: DeliveryState,
) -> Result<()> {
    let recipient = recipient.to_lowercase();
    let known: Option<String> =
        sqlx::query_scalar("SELECT state FROM mailferry_delivery WHERE message_id = ?1 AND recipient = ?2")
            .bind(message_id)
            .bind(&recipient)
            .fetch_optional(&mut *connection)
            .await?;
    let mut state = known.map_or_else(|| Ok(DeliveryState::default()), |known| read(&known))?;
    state.merge(told);
    sqlx::query(
        "INSERT INTO mailferry_delivery (message_id, recipient, state) VALUES (?1, ?2, ?3) \
         ON CONFLICT (message_id, recipient) DO UPDATE SET state = excluded.state",
    )
    .bind(message_id)
    .bind(&recipient)
    .bind(state.to_json().to_string())
    .execute(connection)
    .await?;
    Ok(())
}

impl Reader {
    pub(crate) async fn delivery(&self, message_id: &str, recipient: &str) -> Result<Option<DeliveryState>> {
        let state: Option<String> =
            sqlx::query_scalar("SELECT state FROM mailferry_delivery WHERE message_id = ?1 AND recipient = ?2")
                .bind(message_id)
                .bind(recipient.to_lowercase())
                .fetch_optional(&self.0)
                .await?;
        state.map(|state| read(&state)).transpose()
    }

    pub(crate) async fn deliveries(&self, message_id: &str) -> Result<Vec<(String, DeliveryState)>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT recipient, state FROM mailferry_delivery WHERE message_id = ?1 ORDER BY recipient")
                .bind(message_id)
                .fetch_all(&self.0)
                .await?;
        rows.into_iter().map(|(recipient, state)| Ok((recipient, read(&state)?))).collect()
    }
}

fn read(state: &str) -> Result<DeliveryState> {
    let value = serde_json::from_str(state).map_err(|cause| sqlx::Error::Decode(cause.into()))?;
    let state = DeliveryState::from_json(&value);
    Ok(state.ok_or_else(|| sqlx::Error::Decode("a delivery state of another version".into()))?)
}
