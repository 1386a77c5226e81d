//! Verified events as actix-web handlers.
//!
//! [`configure`] serves endpoints and hands every event to a [`Handler`](mailferry::webhook::Handler):
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use mailferry::config::Settings;
//! use mailferry::event::Event;
//! use mailferry::transport::BoxError;
//!
//! // Not run: it serves until it is ended.
//! async fn handle(event: Event) -> Result<(), BoxError> {
//!     println!("{}", event.to_json());
//!     Ok(())
//! }
//!
//! // Not run: it would listen for ever.
//! # async fn serve() -> Result<(), BoxError> {
//! let endpoints = Settings::from_env()?.endpoints()?; // MAILERSEND_SIGNING_SECRET, MAILERSEND_INBOUND_SECRET
//! let hooks = mailferry_actix::configure(endpoints, handle);
//! HttpServer::new(move || App::new().configure(hooks.clone())).bind("127.0.0.1:8000")?.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Events`] is an extractor, for handlers that want the application's data or other parts of the request.
//!
//! Nothing is handled that was not verified, and no more of a body is kept in memory than the endpoint's limit.

mod configure;
mod events;
mod request;

pub use configure::configure;
pub use events::Events;
