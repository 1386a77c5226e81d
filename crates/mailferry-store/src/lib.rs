//! Events that survive the process.
