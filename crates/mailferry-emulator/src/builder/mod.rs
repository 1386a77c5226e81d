//! How an emulator is set up.

mod start;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::emulator::Emulator;
use crate::fault::FaultRule;
use crate::inbound::InboundRoute;
use crate::intake::HttpLimits;
use crate::lifecycle::{Delays, Outcome, Script};
use crate::plan::{Overrides, Plan, TrialLimits};
use crate::server;
use crate::settings::{AccountState, Memory, MessageIds, RateLimits, RecipientLimits, Settings, Token};
use crate::smtp::{SmtpLimits, SubmissionPort};
use crate::templates::Template;
use crate::webhooks::{Pausing, Retries, Webhook};

/// An emulator that has not started yet.
///
/// Everything is optional. Without any setting it is an approved account without limits or quota, whose domains and
/// templates all exist, at a free port of `127.0.0.1`, with one token made up for it.
///
/// # Examples
///
/// ```
/// use mailferry_emulator::{Emulator, RateLimits};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = Emulator::builder()
///     .verified_domains(["shop.example"])
///     .rate_limits(RateLimits::documented())
///     .daily_quota(100)
///     .start()
///     .await?;
/// assert!(emulator.url().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[must_use]
#[derive(Clone)]
pub struct Builder {
    settings: Settings,
    address: SocketAddr,
    clock: Clock,
    seed: Option<u64>,
    account: AccountState,
    plan: Option<Plan>,
    limits: Overrides,
    delays: Delays,
    on_hold_after: Option<u32>,
    maintenance: Option<(Timestamp, Timestamp)>,
    paused_domains: Vec<String>,
    template_folder: Option<PathBuf>,
    webhooks: Vec<Webhook>,
    script: Script,
    inbound_routes: Vec<InboundRoute>,
    smtp: Option<SocketAddr>,
    smtp_limits: SmtpLimits,
    pub(crate) submission: SubmissionPort,
    faults: Vec<FaultRule>,
    fault_seed: Option<u64>,
    #[cfg(feature = "data")]
    data: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            clock: Clock::system(),
            seed: None,
            account: AccountState::Active,
            plan: None,
            limits: Overrides::default(),
            delays: Delays::default(),
            on_hold_after: Some(3),
            maintenance: None,
            paused_domains: Vec::new(),
            template_folder: None,
            webhooks: Vec::new(),
            script: Script::default(),
            inbound_routes: Vec::new(),
            smtp: None,
            smtp_limits: SmtpLimits::default(),
            submission: SubmissionPort::default(),
            faults: Vec::new(),
            fault_seed: None,
            #[cfg(feature = "data")]
            data: None,
        }
    }
}

impl Builder {
    /// Listens at `address` instead of a free port of `127.0.0.1`. Where other machines can reach it, what was sent is
    /// shown over HTTP only to those who have a token.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Adds a token that may do everything. The first token is what [`Emulator::token`] gives.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.settings.tokens.push(Token { secret: token.into(), scopes: None });
        self
    }

    /// Adds a token that may do only what its scopes say, in MailerSend's words: `email_full`, `suppressions_read`…
    pub fn scoped_token<S: Into<String>>(
        mut self,
        token: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        let scopes = Some(scopes.into_iter().map(Into::into).collect());
        self.settings.tokens.push(Token { secret: token.into(), scopes });
        self
    }

    /// Takes every token that is not empty, so that nobody has to copy one. Only for loopback addresses.
    pub fn any_token(mut self) -> Self {
        self.settings.any_token = true;
        self
    }

    /// Takes mail only from these domains and those below them; others are MS42207. By default from any.
    pub fn verified_domains<S: AsRef<str>>(mut self, domains: impl IntoIterator<Item = S>) -> Self {
        let domains = domains.into_iter().map(|domain| domain.as_ref().to_ascii_lowercase());
        self.settings.verified_domains.get_or_insert_default().extend(domains);
        self
    }

    /// Has only these templates. By default every id is taken for a template with a default subject and sender.
    pub fn templates(mut self, templates: impl IntoIterator<Item = Template>) -> Self {
        self.settings.templates.get_or_insert_default().extend(templates);
        self
    }

    /// Allows what `plan` allows. What is said of a single limit counts before the plan. By default there is no plan, and no
    /// limit.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }

    /// How much an account on [trial](Plan::Trial) may send. By default 100 emails to 10 people.
    pub fn trial_limits(mut self, limits: TrialLimits) -> Self {
        self.limits.trial = Some(limits);
        self
    }

    /// Has the templates in this folder, and only those that it [otherwise](Builder::templates) has: each `NAME.html` is one,
    /// with the text in `NAME.txt`, if there is such a file. Files that change are read again when they are needed.
    ///
    /// Its subject, sender, id and name can be said at the top of the HTML; what is left out is derived from the file's name,
    /// always the same:
    ///
    /// ```html
    /// <!-- mailferry
    /// subject: Your order {{ number }} has shipped
    /// from: shop@example.com
    /// id: 0r83ql3jjz4zw1jm
    /// name: Shipped
    /// -->
    /// <p>Hi {{ name }}</p>
    /// ```
    pub fn template_folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.template_folder = Some(path.into());
        self
    }

    /// Whether a variable that a recipient has no value for is a mistake in the template (MS42213). By default it is empty,
    /// and a [`Warning`](crate::Warning).
    pub fn strict_variables(mut self, strict: bool) -> Self {
        self.settings.variables.strict = strict;
        self
    }

    /// Whether MailerSend's older syntax works, `{$name}` with `variables`. By default it stays as it is, and is a
    /// [`Warning`](crate::Warning).
    pub fn simple_variables(mut self, allowed: bool) -> Self {
        self.settings.variables.simple = allowed;
        self
    }

    /// Limits requests a minute. By default there is no limit.
    pub fn rate_limits(mut self, limits: RateLimits) -> Self {
        self.limits.rate_limits = Some(limits);
        self
    }

    /// Limits requests a day, until midnight UTC. By default there is no limit. Documented: 100 on trial, 1,000 for
    /// Hobby, 100,000 for Starter, 500,000 above.
    pub fn daily_quota(mut self, requests: u64) -> Self {
        self.limits.daily_quota = Some(requests);
        self
    }

    /// Limits recipients of one message. By default 50, 10 and 10.
    pub fn recipient_limits(mut self, limits: RecipientLimits) -> Self {
        self.limits.recipients = Some(limits);
        self
    }

    /// Limits the objects of one bulk request. By default 500; documented for trial accounts: 5.
    pub fn bulk_objects(mut self, most: usize) -> Self {
        self.limits.bulk_objects = Some(most);
        self
    }

    /// How long a bulk request stays queued, by the emulator's clock. By default 300 milliseconds.
    ///
    /// Its emails are visible to [`Emulator::emails`] at once.
    pub fn bulk_delay(mut self, delay: Duration) -> Self {
        self.settings.bulk_delay = delay;
        self
    }

    /// How long each step of an email takes, by the emulator's clock. By default it is sent at once, and the steps after that
    /// are two seconds apart.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mailferry_emulator::{Delay, Delays, Emulator};
    ///
    /// let opened = Delay::between(Duration::from_secs(30), Duration::from_secs(90));
    /// let builder = Emulator::builder().delays(Delays { opened, ..Delays::recorded() });
    /// # let _ = builder;
    /// ```
    pub fn delays(mut self, delays: Delays) -> Self {
        self.delays = delays;
        self
    }

    /// How long an email stays sent before it is delivered, and how long each step after that takes, by the emulator's
    /// clock: short for [`delays`](Builder::delays). By default two seconds.
    pub fn delivery_delay(mut self, delay: Duration) -> Self {
        self.delays = Delays::after_each_other(delay);
        self
    }

    /// In which shape a finished bulk request lists message ids. By default as a list.
    pub fn message_ids(mut self, form: MessageIds) -> Self {
        self.settings.message_ids = form;
        self
    }

    /// Whether the plan allows `headers` and `list_unsubscribe`; if not, they are MS42216. By default it does.
    pub fn custom_headers(mut self, allowed: bool) -> Self {
        self.limits.custom_headers = Some(allowed);
        self
    }

    /// Whether domains are set to ignore an address that stands twice in a list. By default it is MS42201.
    pub fn ignore_duplicated_recipients(mut self, ignore: bool) -> Self {
        self.settings.ignore_duplicates = ignore;
        self
    }

    /// The names of variables that personalization must not use (MS42214). MailerSend does not publish its list; by
    /// default it is `unsubscribe`.
    pub fn reserved_variables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.settings.reserved_variables = names.into_iter().map(Into::into).collect();
        self
    }

    /// The standing of the account. By default everything works.
    pub fn account(mut self, state: AccountState) -> Self {
        self.account = state;
        self
    }

    /// Plans maintenance from `start` to `end`, by the emulator's clock. Meanwhile every request is answered with 421; webhooks
    /// hear of both ends. When it would end before it starts there is none.
    pub fn maintenance(mut self, start: Timestamp, end: Timestamp) -> Self {
        self.maintenance = (start < end).then_some((start, end));
        self
    }

    /// After how many soft bounces in a row somebody is held back for three days, by one domain; `None` for never. By
    /// default after three. That soft bounces are the reason, and how many of them, is UNCERTAIN.
    pub fn on_hold_after(mut self, soft_bounces: impl Into<Option<u32>>) -> Self {
        self.on_hold_after = soft_bounces.into().map(|bounces| bounces.max(1));
        self
    }

    /// Starts with sending from `domain` paused.
    pub fn paused_domain(mut self, domain: impl AsRef<str>) -> Self {
        self.paused_domains.push(domain.as_ref().to_ascii_lowercase());
        self
    }

    /// Gives emails to `pattern` this outcome: an address, or one with `*` for any letters. The first rule that fits
    /// counts, before what [addresses say by themselves](Builder::scripted_addresses).
    pub fn outcome(mut self, pattern: impl Into<String>, outcome: Outcome) -> Self {
        self.script.rule(pattern.into(), outcome);
        self
    }

    /// Whether local parts such as `bounce`, `soft-bounce+1`, `deferred`, `complaint`, `unsubscribe`, `open` and `click`
    /// have the outcome that they name. By default they have.
    pub fn scripted_addresses(mut self, scripted: bool) -> Self {
        self.script.by_local_part(scripted);
        self
    }

    /// How many days back activities can be asked for: documented as 1, 7, 14 or 30 by plan. By default for ever.
    pub fn retention_days(mut self, days: u16) -> Self {
        self.limits.retention_days = Some(days);
        self
    }

    /// Starts with `webhook` registered, without a ping. [`Emulator::webhooks`] tells its secret.
    pub fn webhook(mut self, webhook: Webhook) -> Self {
        self.webhooks.push(webhook);
        self
    }

    /// How often deliveries to webhooks are repeated. By default for [three days](Retries::for_three_days).
    pub fn webhook_retries(mut self, retries: Retries) -> Self {
        self.settings.webhook_retries = retries;
        self
    }

    /// When a webhook that fails is paused; `None` for never. By default after 20 failures within 24 hours.
    pub fn webhook_pausing(mut self, pausing: impl Into<Option<Pausing>>) -> Self {
        self.settings.webhook_pausing = pausing.into();
        self
    }

    /// How long a receiver of webhooks or inbound mail may take to answer, in real time whatever the clock says. By
    /// default three seconds, as documented; tests of receivers that say nothing need not wait so long.
    pub fn webhook_timeout(mut self, timeout: Duration) -> Self {
        self.settings.webhook_timeout = timeout;
        self
    }

    /// Starts with `route`. [`Emulator::inbound_routes`] tells its address and secret.
    pub fn inbound_route(mut self, route: InboundRoute) -> Self {
        self.inbound_routes.push(route);
        self
    }

    /// How often the post of a mail that came in is repeated. By default never, as far as is known of MailerSend.
    pub fn inbound_retries(mut self, retries: Retries) -> Self {
        self.settings.inbound_retries = retries;
        self
    }

    /// Takes mail for inbound routes by SMTP at `address`. By default it does not.
    ///
    /// Nobody has to log in: whoever reaches the address can write to the routes, as on the open network.
    pub fn smtp(mut self, address: SocketAddr) -> Self {
        self.smtp = Some(address);
        self
    }

    /// Takes mail for inbound routes by SMTP at this port of `127.0.0.1`; 0 is any free one, which
    /// [`Emulator::smtp_address`] tells.
    pub fn smtp_port(self, port: u16) -> Self {
        self.smtp((Ipv4Addr::LOCALHOST, port).into())
    }

    /// How much each SMTP port puts up with.
    pub fn smtp_limits(mut self, limits: SmtpLimits) -> Self {
        self.smtp_limits = limits;
        self
    }

    /// Starts with this fault, which [`Emulator::reset`] starts again.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// Decides by `seed` which requests meet a fault that meets a share of them. By default that is [`Builder::seed`], or
    /// else a different one for every run, which [`Emulator::faults`] tells.
    pub fn fault_seed(mut self, seed: u64) -> Self {
        self.fault_seed = Some(seed);
        self
    }

    /// How much HTTP it puts up with.
    pub fn http_limits(mut self, limits: HttpLimits) -> Self {
        self.settings.http_limits = limits;
        self
    }

    /// Takes time from `clock` instead of the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes ids and the token from `seed`, so that runs can be repeated. By default every run has its own.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How much is remembered. By default 10,000 messages and as many requests, of 256 MiB each.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.settings.memory = memory;
        self
    }

    /// Keeps everything in the SQLite file `path`, which is made if it does not exist, and goes on from what is in it.
    ///
    /// The file follows the memory: a kill loses at most the last 200 milliseconds or so, and nothing by halves;
    /// [`shutdown`](Emulator::shutdown) loses nothing. What is [forgotten](Builder::memory) goes from the file, too. It is
    /// made for its owner alone, since it holds signing secrets and people's addresses; the tokens that requests came with
    /// are not kept. While one emulator uses it, no other can.
    ///
    /// What is set up here comes on top of what the file has: webhooks and inbound routes that it has already are not added
    /// again, and keep their ids and secrets.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use mailferry_emulator::Emulator;
    ///
    /// # // Not run: it would leave a file behind.
    /// # async fn kept() -> std::io::Result<()> {
    /// let emulator = Emulator::builder().data("mails.db").start().await?;
    /// // … send …
    /// emulator.shutdown().await;
    /// let again = Emulator::builder().data("mails.db").start().await?;
    /// println!("{} emails are still there", again.emails().len());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "data")]
    pub fn data(mut self, path: impl Into<PathBuf>) -> Self {
        self.data = Some(path.into());
        self
    }

    /// Binds the addresses and starts to serve, in tasks of the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, or the [folder of templates](Builder::template_folder) cannot be read; and, as
    /// [`io::ErrorKind::InvalidInput`], when [any token](Builder::any_token) is taken at an address that other machines can
    /// reach, a token is empty or cannot be sent in a header, a [fault](Builder::fault) cannot be, a
    /// [certificate](Builder::submission_tls) or its key cannot be used, or a template in the folder is not in its form. When
    /// the file to keep everything in cannot be used, the error holds a `DataError`.
    pub async fn start(self) -> io::Result<Emulator> {
        let listener = server::bind(self.address).await?;
        self.serve(listener).await
    }

    /// Serves connections to `listener`, which makes [`listen`](Builder::listen) meaningless.
    ///
    /// While a file is read, health is answered, and everything else waits. Then this returns.
    ///
    /// # Errors
    ///
    /// As [`start`](Builder::start), and when called outside of a Tokio runtime.
    pub async fn serve(self, listener: TcpListener) -> io::Result<Emulator> {
        self.run(listener).await
    }
}

impl fmt::Debug for Builder {
    /// Without tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("address", &self.address).field("clock", &self.clock).finish_non_exhaustive()
    }
}
