//! Mailferry.
