//! The example of the inbox's page, as a test.

#[doc = include_str!("../../../docs/inbox.md")]
struct Inbox;
