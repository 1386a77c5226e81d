//! The README's examples, as tests.

#[doc = include_str!("../../../README.md")]
struct Readme;
