//! A transport for development: prints messages instead of sending them.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::message::Message;
use crate::transport::{Error, ErrorKind, Retry, SendStatus, Sending, Status, Transport};

/// Prints each message to standard output, or wherever it is told, and reports `sent` with a made-up id. Hooks,
/// defaults and statuses work as with any other transport.
///
/// ```
/// use mailferry::console::ConsoleTransport;
/// use mailferry::{Message, Transport};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let message = Message::builder().from("a@shop.example").to("ann@example.com").subject("Hi").text("Hello").build()?;
/// ConsoleTransport::stdout().send(&message).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ConsoleTransport(Arc<Mutex<dyn Write + Send>>);

impl ConsoleTransport {
    /// Prints to standard output.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }

    /// Prints to `output`.
    pub fn to(output: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(output)))
    }

    fn print(&self, message: &Message) -> Result<SendStatus, Error> {
        if !message.has_recipients() {
            return Ok(SendStatus::default());
        }
        let id = make_id();
        let text = format!("{}Message-ID: {id}\n{}\n", "-".repeat(72) + "\n", Shown(message));
        // One write, so that messages sent at the same time do not mix.
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|cause| {
            Error::new(ErrorKind::Server, format!("the message cannot be printed: {cause}"))
                .with_retry(Retry::Safe(None))
                .caused_by(cause)
        })?;
        Ok(SendStatus::uniform(message, Status::Sent, Some(&id)))
    }
}

/// A random id in the form of a UUID.
fn make_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    let [high, low] = [(); 2].map(|()| RandomState::new().hash_one(0));
    let hex = format!("{high:016x}{low:016x}");
    let group = |range| hex.get(range).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", group(0..8), group(8..12), group(13..16), group(17..20), group(20..32))
}

/// A message for eyes.
struct Shown<'m>(&'m Message);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.0;
        let lists = [
            ("From", message.from()),
            ("To", message.to()),
            ("Cc", message.cc()),
            ("Bcc", message.bcc()),
            ("Reply-To", message.reply_to()),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let list: Vec<_> = list.iter().map(ToString::to_string).collect();
            writeln!(f, "{name}: {}", list.join(", "))?;
        }
        if let Some(subject) = message.subject() {
            writeln!(f, "Subject: {subject}")?;
        }
        for (name, value) in message.headers().into_iter().flat_map(crate::message::Headers::iter) {
            writeln!(f, "{name}: {value}")?;
        }
        if let Some(id) = message.template_id() {
            writeln!(f, "[template {}]", id.escape_debug())?;
        }
        if let Some(data) = message.merge_global_data() {
            writeln!(f, "[for all] {}", serde_json::to_string(data).unwrap_or_default())?;
        }
        for (address, data) in message.merge_data().into_iter().flatten() {
            let data = serde_json::to_string(data).unwrap_or_default();
            writeln!(f, "[for {}] {data}", address.escape_debug())?;
        }
        for attachment in message.attachments() {
            let kind = if attachment.is_inline() { "inline" } else { "attachment" };
            writeln!(f, "[{kind} {}, {}]", attachment.filename().unwrap_or("(no name)"), attachment.media_type())?;
        }
        for body in [message.text(), message.html()].into_iter().flatten() {
            writeln!(f, "\n{body}")?;
        }
        Ok(())
    }
}

impl Transport for ConsoleTransport {
    fn name(&self) -> &'static str {
        "console"
    }

    fn send<'a>(&'a self, message: &'a Message) -> Sending<'a> {
        Box::pin(async move { self.print(message) })
    }
}

impl fmt::Debug for ConsoleTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleTransport")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TST-02
    #[tokio::test]
    async fn prints_the_message_and_reports_an_id() {
        let output = Arc::new(Mutex::new(Vec::new()));
        let transport = ConsoleTransport(output.clone());
        let message = Message::builder()
            .from("a@shop.example")
            .to("Ann <ann@one.example>")
            .subject("Hi")
            .text("Hello")
            .build()
            .unwrap();
        drop(transport.send(&message));
        assert!(output.lock().unwrap().is_empty(), "printed before it was awaited");
        let status = transport.send(&message).await.unwrap();
        let recipient = status.recipient("ann@one.example").unwrap();
        let id = recipient.message_id.as_deref().unwrap();
        assert_eq!(recipient.status, Status::Sent);
        assert_eq!(id.len(), 36);
        let printed = String::from_utf8(output.lock().unwrap().clone()).unwrap();
        let expected =
            format!("Message-ID: {id}\nFrom: a@shop.example\nTo: Ann <ann@one.example>\nSubject: Hi\n\nHello\n");
        assert!(printed.contains(&expected), "{printed}");
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_that_may_be_tried_again() {
        #[derive(Debug)]
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let message = Message::builder().from("a@shop.example").to("ann@one.example").build().unwrap();
        let error = ConsoleTransport::to(Full).send(&message).await.unwrap_err();
        assert_eq!(error.retry(), Retry::Safe(None));
    }
}
