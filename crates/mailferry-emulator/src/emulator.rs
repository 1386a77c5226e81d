//! A running emulator, and what tests ask of it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::builder::Builder;
use crate::clock::Clock;
use crate::fault::{ActiveFault, Fault, FaultRule, Faults, InvalidFault};
use crate::inbound::{InboundMail, InboundRoute, NotReceived, Received, ReceivedMessage, Route, RouteKey};
use crate::lifecycle::{Activity, Delays, Outcome, Reaction, ReactionError};
use crate::live::Area;
use crate::message::{Email, Message};
use crate::plan::Plan;
use crate::request::Request;
use crate::service::Service;
use crate::settings::AccountState;
use crate::suppression::SuppressionList;
use crate::tracking::Dressed;
use crate::webhooks::{Delivery, RegisteredWebhook, Webhook};

/// MailerSend's HTTP API, running in this process.
///
/// It stops when it is dropped: answers under way are finished as long as the runtime lives.
/// [`shutdown`](Emulator::shutdown) waits for them.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::Emulator;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = Emulator::start().await?;
/// // Point a client at `emulator.url()` with `emulator.token()`, send, and see what arrived:
/// assert!(emulator.emails().is_empty());
/// emulator.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct Emulator {
    service: Arc<Service>,
    address: SocketAddr,
    smtp_address: Option<SocketAddr>,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

/// How many entries were forgotten because there were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// Messages, with their emails.
    pub messages: u64,
    /// Requests.
    pub requests: u64,
    /// Events that were not posted, because too many waited.
    pub deliveries: u64,
}

impl Emulator {
    /// Starts an emulator with the defaults of [`Builder`] at a free port of `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// An emulator to be set up.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        service: Arc<Service>,
        address: SocketAddr,
        smtp_address: Option<SocketAddr>,
        stop: watch::Sender<()>,
        task: JoinHandle<()>,
    ) -> Self {
        Self { service, address, smtp_address, stop, task }
    }

    /// Where the API is: `http://127.0.0.1:<port>/v1/`.
    pub fn url(&self) -> &str {
        &self.service.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes mail by SMTP, if it was [told to](Builder::smtp).
    pub fn smtp_address(&self) -> Option<SocketAddr> {
        self.smtp_address
    }

    /// Where it sends mail by SMTP, if it was [told to](Builder::submission).
    pub fn submission_address(&self) -> Option<SocketAddr> {
        self.service.settings.submission_address
    }

    /// A token that it takes: the first one given, or the one made up.
    pub fn token(&self) -> &str {
        self.service.settings.tokens.first().map_or("", |token| token.secret.as_str())
    }

    /// Its time, which can be advanced.
    pub fn clock(&self) -> &Clock {
        &self.service.clock
    }

    /// Every email that is remembered, oldest first: one for each recipient of each accepted message who is not
    /// suppressed, with its status as of now. Those of bulk requests are there as soon as the request is answered.
    pub fn emails(&self) -> Vec<Email> {
        self.service.emails()
    }

    /// Every accepted message that is remembered, oldest first.
    pub fn messages(&self) -> Vec<Arc<Message>> {
        self.service.state().messages.iter().map(|stored| Arc::clone(&stored.message)).collect()
    }

    /// Every request to the API that is remembered, oldest first, whatever it was answered with; among them the mails
    /// that were [sent by SMTP](Builder::submission), with the method `SMTP`, their envelopes as headers and their sources
    /// as bodies.
    pub fn requests(&self) -> Vec<Request> {
        self.service.state().requests.iter().cloned().collect()
    }

    /// How much was forgotten.
    pub fn dropped(&self) -> Dropped {
        let state = self.service.state();
        Dropped {
            messages: state.messages.dropped(),
            requests: state.requests.dropped(),
            deliveries: state.outbox.lost(),
        }
    }

    /// Puts `address` on `list`, for all domains.
    pub fn suppress(&self, list: SuppressionList, address: impl Into<String>) {
        self.service.suppress_everywhere(list, address.into());
    }

    /// Lets the next request meet `fault`, or what is posted next; several are met one after the other, before any that
    /// was [added](Emulator::add_fault).
    pub fn fail_next(&self, fault: Fault) {
        self.service.change_faults(|faults| faults.queue(fault));
    }

    /// Lets requests, or what is posted, meet a fault as `rule` says, and gives what it is deleted by.
    ///
    /// # Errors
    ///
    /// When it can never happen, as with a share of more than all, or when there are 100 faults already.
    ///
    /// # Examples
    ///
    /// ```
    /// use mailferry_emulator::{Emulator, Fault, FaultOn, FaultRule};
    ///
    /// # fn flaky(emulator: &Emulator) -> Result<(), mailferry_emulator::InvalidFault> {
    /// emulator.add_fault(FaultRule::new(Fault::Status(503)).share(0.1).on(FaultOn::Email).seed(7))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_fault(&self, rule: FaultRule) -> Result<ActiveFault, InvalidFault> {
        self.service.change_faults(|faults| faults.add(rule))
    }

    /// Every fault that was added, with how often it was met; those that cannot happen any longer stay for a while.
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.service.state().faults.rules().to_vec()
    }

    /// Deletes the fault with this [number](ActiveFault::id); `false` when there is none.
    pub fn remove_fault(&self, id: u64) -> bool {
        self.service.change_faults(|faults| faults.remove(id))
    }

    /// Nothing goes wrong any longer: deletes every fault, and those that were waiting for the next request.
    pub fn clear_faults(&self) {
        self.service.change_faults(Faults::clear);
    }

    /// Changes the standing of the account.
    pub fn set_account(&self, state: AccountState) {
        self.service.state().account = state;
    }

    /// Changes the plan of the account, or takes it away with `None`: what was counted stays counted, and what was said of
    /// single limits still counts before the plan.
    pub fn set_plan(&self, plan: impl Into<Option<Plan>>) {
        let mut state = self.service.state();
        state.terms.set_plan(plan.into());
        state.changes.touch(Area::Account);
    }

    /// Changes how long the steps of emails take. What is planned already stays planned.
    pub fn set_delays(&self, delays: Delays) {
        let mut state = self.service.state();
        state.pace.delays = delays;
        state.changes.touch(Area::Account);
    }

    /// Starts or ends maintenance, during which every request is answered with 421.
    pub fn set_maintenance(&self, on: bool) {
        self.service.set_maintenance(on);
    }

    /// Plans maintenance from `start` to `end`, in place of any that was planned; `false`, and nothing is planned, when it would
    /// not end after it starts or has ended already.
    pub fn plan_maintenance(&self, start: Timestamp, end: Timestamp) -> bool {
        self.service.plan_maintenance(start, end)
    }

    /// Pauses sending from `domain`: messages are accepted, say so, and stay queued.
    pub fn pause_domain(&self, domain: impl AsRef<str>) {
        self.service.set_paused(domain.as_ref(), true);
    }

    /// Ends the pause of `domain`: what was held back is sent now.
    pub fn resume_domain(&self, domain: impl AsRef<str>) {
        self.service.set_paused(domain.as_ref(), false);
    }

    /// The id under which the API knows `domain`: always the same for the same name.
    pub fn domain_id(&self, domain: impl AsRef<str>) -> String {
        self.service.state().domain_id(domain.as_ref())
    }

    /// Verifies the sender identity with this address, as if its owner had followed the link in the mail that MailerSend
    /// sends: mail may come from it, and webhooks hear of it. `false` when there is none: it is made by the API.
    pub fn verify_identity(&self, email: &str) -> bool {
        self.service.verify_identity(email)
    }

    /// Registers `webhook` without a ping. The answer tells its secret.
    pub fn register_webhook(&self, webhook: Webhook) -> RegisteredWebhook {
        let now = self.service.clock.now();
        // Nobody hears of what happened before.
        let mut state = self.service.caught_up(now);
        let registered = state.register(webhook, now);
        self.service.wake(&state);
        registered
    }

    /// Tells every webhook that is registered for `event` of it, with this `data`: for events of the account that the
    /// emulator does not make by itself, such as `sender_identity.verified`.
    ///
    /// Gives `false`, and does nothing, when MailerSend has no such event, or when it is about an email: those are made by
    /// [`react`](Emulator::react).
    pub fn announce(&self, event: &str, data: &serde_json::Value) -> bool {
        self.service.tell(event, data)
    }

    /// Every webhook there is, oldest first.
    pub fn webhooks(&self) -> Vec<RegisteredWebhook> {
        self.service.state().webhooks.clone()
    }

    /// Every attempt to post an event that is remembered, oldest first.
    pub fn webhook_deliveries(&self) -> Vec<Delivery> {
        self.service.deliveries()
    }

    /// Posts a delivery again, as if for the first time, by its [number](Delivery::number); `false` when it is not
    /// remembered.
    pub fn resend_delivery(&self, number: u64) -> bool {
        self.service.resend(number)
    }

    /// Every activity that is remembered, oldest first, as of now.
    pub fn activities(&self) -> Vec<Activity> {
        self.service.activities()
    }

    /// Lets the recipient of the email `email_id`, or their mail server, react to it now.
    ///
    /// Once the server has reacted, nothing more happens of what was scripted for the email. When a person reacts to an
    /// email that is sent but not delivered, it is delivered first.
    ///
    /// # Errors
    ///
    /// When the email is not known or in no state for it; see [`ReactionError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mailferry_emulator::{EmailStatus, Emulator, Reaction};
    ///
    /// # async fn a_bounce(emulator: Emulator) -> Result<(), mailferry_emulator::ReactionError> {
    /// let email = &emulator.emails()[0];
    /// emulator.react(email.id(), Reaction::HardBounce)?;
    /// assert_eq!(emulator.emails()[0].status(), EmailStatus::Rejected);
    /// # Ok(())
    /// # }
    /// ```
    pub fn react(&self, email_id: &str, reaction: Reaction) -> Result<(), ReactionError> {
        self.service.react(email_id, reaction)
    }

    /// The email `email_id` as its recipient gets it: with the links, the pixel, the footers and the headers that MailerSend
    /// adds. What [`emails`](Emulator::emails) gives stays as it was sent. `None` when no such email is remembered.
    ///
    /// Whoever follows one of its links, or loads its pixel, is noticed as a reader would be.
    pub fn delivered_copy(&self, email_id: &str) -> Option<Dressed> {
        self.service.dressed(email_id, &self.service.at_home(""))
    }

    /// Gives emails to `pattern` this outcome, if they are not sent yet: an address, or one with `*` for any letters.
    pub fn set_outcome(&self, pattern: impl Into<String>, outcome: Outcome) {
        let now = self.service.clock.now();
        self.service.caught_up(now).script.rule(pattern.into(), outcome);
    }

    /// Waits until every event that is due by the emulator's clock was posted, and answered or given up after
    /// the [timeout](Builder::webhook_timeout), in real time. Repetitions that are due later are not waited for.
    pub async fn settled(&self) {
        self.service.settled().await;
    }

    /// Adds an inbound route, and tells its address and secret.
    pub fn add_inbound_route(&self, route: InboundRoute) -> RouteKey {
        self.service.state().add_route(route)
    }

    /// Every inbound route there is, oldest first.
    pub fn inbound_routes(&self) -> Vec<RouteKey> {
        self.service.state().inbound.routes.iter().map(Route::key).collect()
    }

    /// Receives the mail `raw` from `sender` for `recipients`, as if it had come by SMTP: the routes that want it post it
    /// to their URLs soon after. [`settled`](Emulator::settled) waits for that.
    ///
    /// # Errors
    ///
    /// When no route takes it for any recipient, or MailerSend would not take an attachment.
    pub fn receive<S: Into<String>>(
        &self,
        raw: impl AsRef<[u8]>,
        sender: impl AsRef<str>,
        recipients: impl IntoIterator<Item = S>,
    ) -> Result<Received, NotReceived> {
        let recipients: Vec<String> = recipients.into_iter().map(Into::into).collect();
        self.service.receive(sender.as_ref(), &recipients, raw.as_ref())
    }

    /// Receives a mail that is put together from its parts, as [`receive`](Emulator::receive) does.
    ///
    /// # Errors
    ///
    /// As [`receive`](Emulator::receive).
    pub fn receive_mail(&self, mail: InboundMail) -> Result<Received, NotReceived> {
        self.service.receive_mail(mail)
    }

    /// Receives what the reader of the email `id` answers to it: a mail to its `reply_to` or sender, or when no route
    /// listens there, to the first route.
    ///
    /// # Errors
    ///
    /// As [`receive`](Emulator::receive), and when no such email is remembered.
    pub fn reply(&self, id: impl AsRef<str>, text: impl Into<String>) -> Result<Received, NotReceived> {
        self.service.reply(id.as_ref(), text.into())
    }

    /// Every mail that inbound routes have taken and that is remembered, oldest first.
    pub fn received(&self) -> Vec<ReceivedMessage> {
        self.service.state().inbound.log.iter().cloned().collect()
    }

    /// Forgets messages, requests and suppressions, and starts all limits again; faults are those of the
    /// [`Builder`] again, as if none had been met.
    pub fn reset(&self) {
        self.service.state().reset();
    }

    /// Stops listening, and waits up to two seconds for answers under way.
    pub async fn shutdown(self) {
        let Self { service: _, address: _, smtp_address: _, stop, task } = self;
        drop(stop);
        let _ = task.await;
    }
}

impl fmt::Debug for Emulator {
    /// Without tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, address: _, smtp_address: _, stop: _, task: _ } = self;
        f.debug_struct("Emulator").field("url", &service.url).field("clock", &service.clock).finish_non_exhaustive()
    }
}
