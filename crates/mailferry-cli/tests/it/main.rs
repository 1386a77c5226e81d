//! The command as its users see it: arguments in; output, requests and exit code out.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod acceptance;
mod backfill;
mod bad_input;
mod bulk;
mod capture;
mod check;
mod config;
mod contract;
mod crash;
mod demo;
mod docs;
mod doctor;
mod emulate;
mod emulate_keeping;
mod emulate_submission;
mod exit_codes;
mod handing_over;
mod inbound;
mod inbox;
mod input;
mod listen;
mod listener;
mod message_flags;
mod round_trip;
mod send;
mod session;
mod signature;
mod streams;
mod template;
