//! What the library promises, seen from outside: over a loopback server, or as the requests it would make.
//!
//! Doc comments name the ids of the behaviours that a test covers; `tidy.rs` looks that none is left out.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail a test as tests themselves do")]
#![expect(clippy::needless_pass_by_value, reason = "JSON is made where it is handed over, and read better without `&`")]

mod answers;
mod asking;
mod asking_emulator;
mod asking_pages;
mod attachments;
mod backfill;
mod bad_input;
mod batches;
mod capture;
mod checkup;
mod config;
#[cfg(all(feature = "conformance", feature = "file"))]
mod conformance;
mod content;
mod endpoints;
mod support;

mod flagged;
mod hooks;
#[cfg(feature = "inbound")]
mod inbound_differential;
#[cfg(feature = "inbound")]
mod inbound_hostile;
#[cfg(feature = "inbound")]
mod inbound_message;
#[cfg(feature = "inbound")]
mod inbound_recorded;
#[cfg(feature = "inbound")]
mod inbound_webhook;
mod json;
mod merge;
mod preflight;
mod redirect;
mod secrets;
mod tidy;
mod vectors;
mod webhook;
mod webhook_properties;
#[cfg(feature = "inbound")]
mod webhook_vectors;
