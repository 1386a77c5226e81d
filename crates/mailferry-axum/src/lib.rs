//! Verified events as axum handlers.
//!
//! [`router`] serves endpoints and hands every event to a [`Handler`](mailferry::webhook::Handler):
//!
//! ```no_run
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
//! let app = axum::Router::new().nest("/hooks", mailferry_axum::router(endpoints, handle));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//! axum::serve(listener, app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Events`] is an extractor, for handlers that want the application's state or other parts of the request.
//!
//! Nothing is handled that was not verified, and no more of a body is kept in memory than the endpoint's limit.

mod body;
mod events;
mod router;

pub use events::Events;
pub use router::router;
