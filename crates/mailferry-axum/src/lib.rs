//! Verified events as axum handlers.
