//! The inbox, as an application uses it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod accept;
mod crash;
mod deliveries;
mod handlers;
mod keeping;
mod opening;
mod support;
mod trouble;
