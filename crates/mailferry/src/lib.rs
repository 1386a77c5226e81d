//! Mailferry.

pub mod address;

pub use address::{Address, InvalidAddress, Mailbox};
