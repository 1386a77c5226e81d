//! Verified events as actix-web handlers.
