//! The examples of README and documents, as tests.

#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../docs/asking.md")]
struct Asking;
