//! The examples of the inbox's document, as tests.

#[doc = include_str!("../../../docs/inbox.md")]
struct Guide;
