//! The endpoints that the settings describe.

use super::{Settings, wrong};
#[cfg(feature = "inbound")]
use crate::mailersend::Inbound;
use crate::mailersend::Webhook;
use crate::mailersend::asking::CheckupOptions;
use crate::message::Node;
use crate::secret::Secret;
use crate::transport::Error;
use crate::webhook::Endpoints;

const SIGNING: &str = "MAILERSEND_SIGNING_SECRET";
const INBOUND: &str = "MAILERSEND_INBOUND_SECRET";
const GUARD: &str = "WEBHOOK_SECRET";

impl Settings {
    /// The endpoints for webhooks and for mails that arrive (feature `inbound`), with `MAILERSEND_SIGNING_SECRET`,
    /// `MAILERSEND_INBOUND_SECRET` and `WEBHOOK_SECRET`.
    ///
    /// An endpoint whose secret is not set answers 500 and names the setting, in the log too.
    ///
    /// ```
    /// use mailferry::config::Sources;
    ///
    /// let settings = Sources::new().set("MAILERSEND_SIGNING_SECRET", "new,old").load()?;
    /// let endpoints = settings.endpoints()?.prefix("/hooks");
    /// assert_eq!(endpoints.paths().next().as_deref(), Some("/hooks/mailersend/tracking"));
    /// # Ok::<(), mailferry::transport::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::transport::ErrorKind::Config) when neither secret is set, when one is empty, or
    /// when a pair in `WEBHOOK_SECRET` has no colon or no password. An empty `WEBHOOK_SECRET` asks for nothing.
    pub fn endpoints(&self) -> Result<Endpoints, Error> {
        let webhook = self.webhook()?;
        #[cfg(feature = "inbound")]
        let inbound = self.inbound()?;
        #[cfg(not(feature = "inbound"))]
        let inbound: Option<Webhook> = None;
        if webhook.is_none() && inbound.is_none() {
            let remedy = format!("set {SIGNING} for webhooks, {INBOUND} for inbound mail, or both");
            return Err(self.missing(SIGNING).with_remedy(remedy));
        }
        let mut endpoints = Endpoints::new();
        endpoints = match webhook {
            Some(webhook) => endpoints.receiver(webhook),
            None => endpoints.unconfigured(Webhook::PATH, SIGNING),
        };
        #[cfg(feature = "inbound")]
        {
            endpoints = match inbound {
                Some(inbound) => endpoints.receiver(inbound),
                None => endpoints.unconfigured(Inbound::PATH, INBOUND),
            };
        }
        let pairs = match self.text_list(GUARD)? {
            Some(pairs) if pairs == [""] => Vec::new(),
            pairs => pairs.unwrap_or_default(),
        };
        endpoints
            .basic_auth(pairs)
            .map_err(|_| self.wrong(GUARD, "wants `user:password` pairs with commas between them"))
    }

    /// The receiver of webhooks; `None` when `MAILERSEND_SIGNING_SECRET` is not set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::transport::ErrorKind::Config) when a secret is empty.
    pub fn webhook(&self) -> Result<Option<Webhook>, Error> {
        let secrets = self.secrets(SIGNING)?;
        let Some((first, others)) = secrets.split_first() else { return Ok(None) };
        Webhook::new(first.clone())?.with_secrets(others.to_vec()).map(Some)
    }

    /// The receiver of mails that arrive; `None` when `MAILERSEND_INBOUND_SECRET` is not set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::transport::ErrorKind::Config) when a secret is empty.
    #[cfg(feature = "inbound")]
    pub fn inbound(&self) -> Result<Option<Inbound>, Error> {
        let secrets = self.secrets(INBOUND)?;
        let Some((first, others)) = secrets.split_first() else { return Ok(None) };
        Inbound::new(first.clone())?.with_secrets(others.to_vec()).map(Some)
    }

    /// What [`MailerSend::checkup`](crate::MailerSend::checkup) compares the account to: the secrets of both endpoints.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::transport::ErrorKind::Config) when a secret is empty.
    pub fn checkup_options(&self) -> Result<CheckupOptions, Error> {
        let (signing, inbound) = (self.secrets(SIGNING)?, self.secrets(INBOUND)?);
        Ok(CheckupOptions::new().signing_secrets(signing).inbound_secrets(inbound))
    }

    /// The secrets in a setting; none when it is not set.
    fn secrets(&self, name: &'static str) -> Result<Vec<Secret>, Error> {
        let Some(secrets) = self.text_list(name)? else { return Ok(Vec::new()) };
        if secrets.is_empty() || secrets.iter().any(|secret| secret.trim().is_empty()) {
            return Err(self
                .wrong(name, "has an empty secret, with which anybody could sign")
                .with_remedy("take out the empty one; commas stand between secrets only"));
        }
        Ok(secrets.into_iter().map(Secret::from).collect())
    }

    /// A setting that is a list of texts: in the environment, with commas between them. Values are never quoted in
    /// errors, since they are secrets.
    fn text_list(&self, name: &'static str) -> Result<Option<Vec<&str>>, Error> {
        let Some((value, origin)) = self.values.get(name) else { return Ok(None) };
        match value {
            Node::Text(text) => Ok(Some(text.split(',').map(str::trim).collect())),
            Node::List(items) => items
                .iter()
                .map(|item| match item {
                    Node::Text(text) => Ok(text.as_str()),
                    other => Err(wrong(name, origin, &format!("wants texts, and has {}", other.kind()))),
                })
                .collect::<Result<_, _>>()
                .map(Some),
            other => Err(wrong(name, origin, &format!("wants a list of texts, and got {}", other.kind()))),
        }
    }
}
