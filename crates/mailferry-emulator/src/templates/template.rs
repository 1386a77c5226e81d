//! A template that an emulator is started with.

/// A template that the emulated account has, with its content and the defaults that make fields of a message optional.
///
/// Without content, a message that names it shows its own text and HTML, if it has any.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::{Emulator, Template};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let shipped = Template::new("0r83ql3jjz4zw1jm")
///     .name("Shipped")
///     .subject("Your order {{ number }} has shipped")
///     .from("shop@example.com")
///     .html("<p>Hi {{ name }}, it is on its way.</p>")
///     .text("Hi {{ name }}, it is on its way.");
/// let emulator = Emulator::builder().templates([shipped]).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Template {
    /// Sixteen characters, as MailerSend shows it.
    pub id: String,
    /// What people call it; the subject unless it is given, or "Template".
    pub name: Option<String>,
    /// The subject of messages that have none.
    pub subject: Option<String>,
    /// The address that messages without `from` come from.
    pub from: Option<String>,
    /// The HTML that readers see.
    pub html: Option<String>,
    /// The text that readers see.
    pub text: Option<String>,
}

impl Template {
    /// A template called `id`, without content and defaults.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// The same template under another name.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same template with a default subject.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// The same template with a default sender address.
    pub fn from(self, email: impl Into<String>) -> Self {
        Self { from: Some(email.into()), ..self }
    }

    /// The same template with HTML.
    pub fn html(self, html: impl Into<String>) -> Self {
        Self { html: Some(html.into()), ..self }
    }

    /// The same template with a text.
    pub fn text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }
}
