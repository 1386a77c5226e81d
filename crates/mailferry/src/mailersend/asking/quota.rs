//! How many requests are left today.

use serde_json::Value;

use super::super::MailerSend;
use super::super::builder;
use super::ask::Question;
use super::fields::Fields;
use crate::datetime::DateTime;
use crate::transport::{Error, Quota};

/// The day's requests. Every request counts, questions too, but not the one for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiQuota {
    /// How many there are a day.
    pub quota: Option<Quota>,
    /// How many are left.
    pub remaining: Option<Quota>,
    /// When the count starts anew: the next midnight UTC.
    pub reset: Option<DateTime>,
}

impl ApiQuota {
    fn read(body: &Value) -> Self {
        let fields = Fields::of(body);
        // -1 is an account without a limit.
        let quota =
            |name| fields.number(name).map(|number| u64::try_from(number).map_or(Quota::Unlimited, Quota::Left));
        Self { quota: quota("quota"), remaining: quota("remaining"), reset: fields.date("reset") }
    }
}

impl MailerSend {
    /// How many requests are left today. It counts for no quota and needs no scope.
    ///
    /// # Errors
    ///
    /// As MailerSend answers.
    pub async fn api_quota(&self) -> Result<ApiQuota, Error> {
        let token = self.token.as_ref().or_else(|| self.tokens.values().next()).ok_or_else(builder::no_token)?;
        // What was thought to be left may be out of date, after an upgrade for instance.
        token.forget_day();
        let quota = ApiQuota::read(&self.ask_object(&Question::get("api-quota")).await?);
        Ok(quota)
    }
}
