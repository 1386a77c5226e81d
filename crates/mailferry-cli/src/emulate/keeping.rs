//! How much the emulator remembers, and where: `--data`, `--keep`, `--keep-bytes`.

use std::path::PathBuf;

use clap::Args;
use mailferry_emulator::{Builder, Memory};

/// What is remembered.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is remembered")]
pub(crate) struct EmulatedKeeping {
    /// Keep everything in this SQLite file, and go on from what is in it [default: nothing outlives the command]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Remember so many messages, and as many requests; the oldest are forgotten first
    #[arg(long, value_name = "N", default_value_t = Memory::default().count, value_parser = at_least_one)]
    pub(crate) keep: usize,
    /// Remember so many bytes of messages, and as many of requests: a number, or one with KiB, MiB or GiB
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = bytes)]
    pub(crate) keep_bytes: usize,
}

impl EmulatedKeeping {
    pub(super) fn set_up(&self, builder: Builder) -> Builder {
        let Self { data, keep, keep_bytes } = self;
        let builder = builder.memory(Memory { count: *keep, bytes: *keep_bytes });
        match data {
            Some(path) => builder.data(path),
            None => builder,
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "give a number from 1 on".to_owned())
}

/// `256MiB`, `64 KiB`, `1gib` or `1048576`.
fn bytes(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let units = [("kib", 10), ("mib", 20), ("gib", 30), ("b", 0), ("", 0)];
    let found = units.iter().find_map(|(unit, power)| Some((lower.strip_suffix(unit)?, power)));
    let size = found.and_then(|(number, power)| number.trim().parse::<usize>().ok()?.checked_mul(1 << power));
    size.filter(|size| *size > 0).ok_or_else(|| "give a size, such as 64MiB, 1GiB or 1000000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_understood() {
        for (text, expected) in
            [("1", 1), ("1000b", 1000), ("2KiB", 2048), ("256MiB", 256 << 20), ("1 gib", 1 << 30), ("3kib", 3072)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "1.5MiB", "MiB", "1MB", "99999999999999999999", "99999999999999GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!(bytes("256MiB"), Ok(Memory::default().bytes), "the default of the help");
    }
}
