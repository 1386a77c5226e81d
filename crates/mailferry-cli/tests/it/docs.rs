//! The page about the command keeps up with it.

use std::collections::BTreeSet;

use crate::session::Session;

#[test]
fn every_flag_is_described() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/command.md")).unwrap();
    let session = Session::bare();
    let mut flags = BTreeSet::new();
    for args in [
        &["--help"][..],
        &["send", "--help"],
        &["check", "--help"],
        &["bulk", "status", "--help"],
        &["bulk", "wait", "--help"],
        &["events", "backfill", "--help"],
        &["doctor", "--help"],
        &["webhook", "listen", "--help"],
        &["webhook", "parse", "--help"],
        &["webhook", "verify", "--help"],
        &["webhook", "sign", "--help"],
        &["inbound", "parse", "--help"],
        &["inbox", "list", "--help"],
        &["inbox", "show", "--help"],
        &["inbox", "replay", "--help"],
        &["inbox", "prune", "--help"],
        &["emulate", "--help"],
        &["config", "--help"],
    ] {
        let help = session.run(args).stdout;
        let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').map(str::to_owned);
        flags.extend(words.filter(|word| word.starts_with("--") && word.len() > 2));
    }
    assert!(flags.len() > 40, "{flags:?}");
    let missing: Vec<_> = flags.iter().filter(|flag| !page.contains(flag.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
