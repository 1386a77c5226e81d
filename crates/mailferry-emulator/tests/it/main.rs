//! The emulator, asked over HTTP by something that shares no code with it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod absent;
mod abuse;
mod account;
mod account_page;
mod activity;
mod bulk;
mod client;
#[cfg(feature = "data")]
mod data;
mod documents;
mod faults;
mod hostile;
mod inbound;
mod inspection;
mod lifecycle;
mod limits;
mod live;
mod mailbox;
mod messages;
mod openapi;
mod page;
mod plans;
mod post_faults;
mod reading;
mod receiver;
mod receivers;
mod refusals;
mod route_rules;
mod rules;
mod session;
mod shown;
mod smtp;
mod smtp_client;
mod smtp_users;
mod submission;
mod submission_hostile;
mod submission_tls;
mod suppressions;
mod templates;
mod tracking;
mod transport;
mod webhook_api;
mod webhooks;
