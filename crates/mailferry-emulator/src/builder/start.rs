//! From what was set up to a running emulator.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::ServerConfig;

use super::Builder;
use crate::clock::Clock;
#[cfg(feature = "data")]
use crate::data::Kept;
use crate::emulator::Emulator;
use crate::fault::Faults;
use crate::id::{self, Ids};
use crate::inbound::InboundRoute;
use crate::keeping::Keeping;
use crate::lifecycle::{Holding, Pace};
use crate::live;
use crate::plan::Terms;
use crate::server;
use crate::service::{ApiToken, Service, State};
use crate::settings::{AccountState, Settings, Token};
use crate::smtp::{self, Port, Routes, SmtpLimits, Submission, server_config};
use crate::templates::Folder;
use crate::webhooks::{self, Webhook};

impl Builder {
    /// See [`serve`](Builder::serve).
    #[cfg_attr(
        not(feature = "data"),
        expect(clippy::unused_async, reason = "a file is waited for, where there can be one")
    )]
    pub(super) async fn run(mut self, listener: TcpListener) -> io::Result<Emulator> {
        let address = listener.local_addr()?;
        check_tokens(&self.settings, !address.ip().is_loopback())?;
        let folder = self.template_folder.take().map(|path| Folder::open(path, self.clock.now()));
        self.settings.template_folder = folder.transpose()?;
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let mut ids = Ids::new(self.seed);
        #[cfg(feature = "data")]
        let mut kept = Kept::open(self.data.take()).await?;
        if self.settings.tokens.is_empty() {
            let made_up = ids.token();
            #[cfg(feature = "data")]
            let made_up = kept.as_mut().map_or(made_up.clone(), |kept| kept.token(made_up).to_owned());
            self.settings.tokens.push(Token { secret: made_up, scopes: None });
        }
        let mut state = self.state(ids)?;
        #[cfg(feature = "data")]
        if let Some(kept) = &mut kept {
            kept.restore_account(&mut state, &self.clock);
        }
        self.set_up(&mut state);
        let ports = self.bind()?;
        let smtp_address = ports.smtp_address()?;
        #[cfg(feature = "data")]
        let keeping = if kept.is_some() { Keeping::in_file() } else { Keeping::in_memory() };
        #[cfg(not(feature = "data"))]
        let keeping = Keeping::in_memory();
        let service = Arc::new(Service::new(self.settings, self.clock, address, state, keeping));
        let (stop, stopped) = watch::channel(());
        let serving = runtime.spawn(server::run(listener, Arc::clone(&service), stopped.clone()));
        #[cfg(feature = "data")]
        // When it fails, `stop` is dropped, and the server ends.
        let keeper = Kept::load(kept, &service).await?;
        let telling = runtime.spawn(live::run(Arc::clone(&service), stopped.clone()));
        let posting = runtime.spawn(webhooks::run(Arc::clone(&service), stopped.clone()));
        let [mail, relay] = ports.open(&service, &runtime, &stopped);
        #[cfg(feature = "data")]
        let keeper = keeper.map(|keeper| {
            let (done, finished) = watch::channel(());
            (done, runtime.spawn(keeper.run(Arc::clone(&service), finished)))
        });
        let task = runtime.spawn(async {
            for running in [Some(serving), mail, relay, Some(posting), Some(telling)].into_iter().flatten() {
                let _ = running.await;
            }
            // The last, so that it writes what the others did.
            #[cfg(feature = "data")]
            if let Some((done, keeper)) = keeper {
                drop(done);
                let _ = keeper.await;
            }
        });
        Ok(Emulator::new(service, address, smtp_address, stop, task))
    }

    /// The state of an account in which nothing has happened yet.
    fn state(&mut self, ids: Ids) -> io::Result<State> {
        let seed = self.fault_seed.or(self.seed).unwrap_or_else(id::random);
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        let faults = Faults::new(seed, std::mem::take(&mut self.faults)).map_err(invalid)?;
        let mut state = State::new(ids, self.settings.memory, faults);
        state.terms = Terms::new(self.plan, self.limits);
        state.pace = Pace::new(self.delays, state.ids.serial());
        state.holding = Holding::new(self.on_hold_after);
        if let Some((start, end)) = self.maintenance {
            state.plan_maintenance(start, end);
        }
        Ok(state)
    }

    /// What was said here comes on top of what a file has.
    fn set_up(&mut self, state: &mut State) {
        let given = self.settings.tokens.iter().map(|token| ApiToken::given(token, self.clock.now()));
        state.tokens.splice(..0, given);
        if self.account != AccountState::Active {
            state.account = self.account;
        }
        state.script = std::mem::take(&mut self.script);
        state.paused_domains.extend(std::mem::take(&mut self.paused_domains));
        for domain in self.settings.verified_domains.iter().flatten() {
            state.domain_id(domain);
        }
        let (webhooks, routes) = (std::mem::take(&mut self.webhooks), std::mem::take(&mut self.inbound_routes));
        add_receivers(state, webhooks, routes, &self.clock);
    }

    /// Binds what takes mail by SMTP.
    fn bind(&mut self) -> io::Result<Ports> {
        let submission = std::mem::take(&mut self.submission);
        self.settings.submission_users = submission.users;
        let tls = submission.tls.map(|(certificates, key)| server_config(&certificates, &key)).transpose()?;
        let inbound = self.smtp.map(listener_at).transpose()?;
        let sending = submission.address.map(listener_at).transpose()?;
        self.settings.submission_address = sending.as_ref().map(TcpListener::local_addr).transpose()?;
        Ok(Ports { inbound, sending, limits: self.smtp_limits, tls, login_in_clear: submission.login_in_clear })
    }
}

/// What takes mail by SMTP, bound but not served yet.
struct Ports {
    inbound: Option<TcpListener>,
    sending: Option<TcpListener>,
    limits: SmtpLimits,
    /// For sending.
    tls: Option<Arc<ServerConfig>>,
    login_in_clear: bool,
}

impl Ports {
    fn smtp_address(&self) -> io::Result<Option<SocketAddr>> {
        self.inbound.as_ref().map(TcpListener::local_addr).transpose()
    }

    fn open(
        self,
        service: &Arc<Service>,
        runtime: &Handle,
        stopped: &watch::Receiver<()>,
    ) -> [Option<JoinHandle<()>>; 2] {
        let Self { inbound, sending, limits, tls, login_in_clear } = self;
        let inbound = inbound.map(|listener| {
            let room = Arc::new(Routes(Arc::clone(service)));
            let port = Port { room, limits, tls: None, login_in_clear: false };
            runtime.spawn(smtp::run(listener, port, stopped.clone()))
        });
        let sending = sending.map(|listener| {
            let is_exposed = service.settings.submission_address.is_some_and(|address| !address.ip().is_loopback());
            let room = Arc::new(Submission { service: Arc::clone(service), is_exposed });
            let port = Port { room, limits, tls, login_in_clear };
            runtime.spawn(smtp::run(listener, port, stopped.clone()))
        });
        [inbound, sending]
    }
}

/// Those that a file has already are not added again.
fn add_receivers(state: &mut State, webhooks: Vec<Webhook>, routes: Vec<InboundRoute>, clock: &Clock) {
    for webhook in webhooks {
        if !state.webhooks.iter().any(|known| known.is_as(&webhook)) {
            state.register(webhook, clock.now());
        }
    }
    for route in routes {
        if !state.inbound.routes.iter().any(|known| known.is_as(&route)) {
            state.add_route(route);
        }
    }
}

fn check_tokens(settings: &Settings, is_exposed: bool) -> io::Result<()> {
    let invalid = |reason| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    if settings.any_token && is_exposed {
        return invalid("an emulator that other machines can reach needs a token of its own");
    }
    if settings.tokens.iter().any(|token| token.secret.trim().is_empty()) {
        return invalid("a token of the emulator is empty");
    }
    let unsendable = |secret: &str| secret.bytes().any(|byte| !byte.is_ascii_graphic());
    if settings.tokens.iter().any(|token| unsendable(&token.secret)) {
        return invalid("a token of the emulator holds a space, a line break or a letter beyond ASCII");
    }
    Ok(())
}

fn listener_at(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
