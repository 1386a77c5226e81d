//! Templates, of which the API tells everything but the content.

use serde_json::Value;

use super::super::MailerSend;
use super::ask::{Question, path_id};
use super::fields::Fields;
use super::page::{Pages, Record};
use super::{DomainName, Raw};
use crate::datetime::DateTime;
use crate::transport::Error;

const SCOPE: &str = "`templates_full`";

/// A template.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Template {
    /// What a message's `template_id` is.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for, in its maker's words.
    pub description: Option<String>,
    /// With which editor it was made, in MailerSend's word.
    pub kind: String,
    /// The variables it wants.
    pub variables: Vec<String>,
    /// The domain it is for; told by [`Templates::get`] only.
    pub domain: Option<DomainName>,
    /// When it was made.
    pub created_at: Option<DateTime>,
    raw: Raw,
}

impl Template {
    /// The object as it came; a single one has `template_stats`.
    pub fn raw(&self) -> &Value {
        &self.raw.0
    }
}

impl Record for Template {
    fn read(raw: Value) -> Self {
        let fields = Fields::of(&raw);
        let variables = fields.object("variables");
        // `[]` when there are none, else an object of names.
        let mut names = variables.texts("variables");
        names
            .extend(variables.value("personalization").as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        Self {
            id: fields.word("id"),
            name: fields.word("name"),
            description: fields.text("description"),
            kind: fields.word("type"),
            variables: names,
            domain: DomainName::read(fields.value("domain")),
            created_at: fields.date("created_at"),
            raw: Raw(raw),
        }
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Asks about templates: see [`MailerSend::templates`].
#[derive(Debug, Clone, Copy)]
pub struct Templates<'m>(&'m MailerSend);

impl MailerSend {
    /// The account's templates.
    pub fn templates(&self) -> Templates<'_> {
        Templates(self)
    }
}

impl Templates<'_> {
    /// All of them, or those for a domain.
    pub fn list(&self, domain_id: Option<&str>) -> Pages<Template> {
        Pages::new(self.0, Question::get("templates").scope(SCOPE).query_some("domain_id", domain_id))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// An unknown id is [`Rejected`](crate::transport::ErrorKind::Rejected) with status 404.
    pub async fn get(&self, id: &str) -> Result<Template, Error> {
        let question = Question::get(format!("templates/{}", path_id("template_id", id)?)).scope(SCOPE);
        Ok(Template::read(self.0.ask_data(&question).await?))
    }
}
