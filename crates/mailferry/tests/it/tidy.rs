//! What must not be anywhere, and what must be somewhere: rules about the project's own files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mailferry::config::SETTINGS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

/// Every Rust file under a folder of the project: its path from the root, and its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = root();
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"), text));
            }
        }
    }
    assert!(!files.is_empty(), "no sources in {folder}");
    files
}

/// The code of a file, without comments and without the tests at its end.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The library's code, file by file, without that for tests.
fn library() -> Vec<(String, String)> {
    let files = sources("crates/mailferry/src").into_iter().filter(|(path, _)| !path.contains("/tests/"));
    files.map(|(path, text)| (path, code(&text))).collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    for (path, text) in sources("crates") {
        assert!(text.starts_with("//! "), "{path} does not begin with what it is for");
    }
}

#[test]
fn only_its_own_folder_speaks_mailersends_language() {
    const WORDS: [&str; 9] = [
        "mailersend",
        "personalization",
        "bulk-email",
        "bulk_email",
        "precedence_bulk",
        "x-message-id",
        "apiquota",
        "_suppressed",
        "expose-to-list",
    ];
    let mut seen = false;
    for (path, code) in library() {
        let code = code.to_lowercase();
        if ["/mailersend/", "/config/", "/src/lib.rs"].iter().any(|home| path.contains(home)) {
            seen |= code.contains(WORDS[0]);
            continue;
        }
        for word in WORDS {
            assert!(!code.contains(word), "{path} names {word:?}");
        }
    }
    assert!(seen, "the words are looked for in vain");
}

#[test]
fn only_one_file_opens_a_socket() {
    const HOME: &str = "crates/mailferry/src/mailersend/client.rs";
    for (path, code) in library() {
        // The builder takes a client of the program's own, and does nothing with it.
        let allowed = path == HOME || path == "crates/mailferry/src/mailersend/builder.rs";
        assert!(allowed || !code.contains("reqwest::Client"), "{path} has an HTTP client");
        assert!(path == HOME || !code.contains("Client::builder()"), "{path} makes an HTTP client");
        for word in ["TcpStream", "TcpListener", "UdpSocket", "tokio::net"] {
            assert!(!code.contains(word), "{path} opens a socket: {word}");
        }
    }
}

#[test]
fn only_one_file_reads_the_clock() {
    for (path, code) in library() {
        for word in ["SystemTime::now", "Timestamp::now", "Zoned::now", "std::time::Instant"] {
            assert!(path.ends_with("/src/clock.rs") || !code.contains(word), "{path} reads the clock: {word}");
        }
    }
}

#[test]
fn only_two_places_speak_sql() {
    const HOMES: [&str; 2] = ["crates/mailferry-store/src/sqlite/", "crates/mailferry-emulator/src/data/tables.rs"];
    const WORDS: [&str; 7] = ["sqlx::query", "QueryBuilder", "SELECT ", "INSERT ", "UPDATE ", "DELETE FROM", "PRAGMA "];
    let mut seen = [false; HOMES.len()];
    for (path, text) in sources("crates") {
        if !path.contains("/src/") || path.contains("/tests/") {
            continue;
        }
        let code = code(&text);
        if let Some(home) = HOMES.iter().position(|home| path.starts_with(home)) {
            seen[home] |= code.contains(WORDS[0]);
            continue;
        }
        for word in WORDS {
            assert!(!code.contains(word), "{path} has SQL: {word:?}");
        }
    }
    assert_eq!(seen, [true; HOMES.len()], "the words are looked for in vain");
}

#[test]
fn only_one_folder_reads_the_environment() {
    for (path, code) in library() {
        assert!(path.contains("/config/") || !code.contains("env::var"), "{path} reads the environment");
    }
}

/// What is shared is handed over; the two counters only keep names apart.
#[test]
fn there_is_no_global_state() {
    for (path, code) in library() {
        for word in ["OnceLock", "OnceCell", "LazyLock", "LazyCell", "thread_local!", "static mut", "lazy_static"] {
            assert!(!code.contains(word), "{path} has global state: {word}");
        }
        for line in code.lines().map(|line| line.trim_start_matches("pub(crate) ").trim()) {
            let is_counter = line == "static NEXT: AtomicU64 = AtomicU64::new(0);";
            assert!(!line.starts_with("static ") || is_counter, "{path} has global state: {line}");
        }
    }
}

/// The compiler refuses it, as long as every crate takes over the rule.
#[test]
fn nothing_is_unsafe() {
    let workspace = read("Cargo.toml");
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let manifest = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{manifest}");
    }
}

#[test]
fn the_shop_window_defines_nothing() {
    let lib = code(&read("crates/mailferry/src/lib.rs"));
    for line in lib.lines().map(str::trim) {
        for word in ["fn ", "struct ", "enum ", "trait ", "impl ", "impl<", "const ", "static ", "type ", "macro_rules"]
        {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            assert!(!line.starts_with(word), "lib.rs defines something: {line}");
        }
    }
    assert!(lib.contains("pub use "));
}

#[test]
fn every_setting_is_documented() {
    let page = read("docs/settings.md");
    for setting in SETTINGS {
        let row = format!("| `{}` | `{}` | {} | ", setting.name, setting.key(), setting.default);
        assert!(page.contains(&row), "docs/settings.md has no row that begins with {row:?}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, SETTINGS.len(), "docs/settings.md has a setting that there is not");
}

/// The emulator is a witness of its own: it must not know how the library writes a request.
#[test]
fn the_emulator_does_not_know_the_library() {
    let manifest = read("crates/mailferry-emulator/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
    for line in dependencies.lines() {
        assert!(!line.starts_with("mailferry"), "the emulator depends on the library: {line}");
    }
    for (path, text) in sources("crates/mailferry-emulator/src") {
        assert!(!text.contains("use mailferry::"), "{path} uses the library");
    }
}

/// The ids in a text: three capitals, a hyphen, two digits.
fn ids(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let is_id = |word: &&str| match word.split_once('-') {
        Some((section, number)) => {
            section.len() == 3
                && section.bytes().all(|byte| byte.is_ascii_uppercase())
                && number.len() == 2
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => false,
    };
    words.filter(is_id).map(str::to_owned).collect()
}

/// Every behaviour that is followed has a test that names it, or a reason not to apply.
#[test]
fn every_behaviour_is_tested_or_does_not_apply() {
    let listed = ids(&read("fixtures/behaviour-ids.txt"));
    assert!(listed.len() > 200, "the list of behaviours is missing");
    let mut tested = BTreeSet::new();
    for (_, text) in sources("crates") {
        let comments: Vec<_> = text.lines().map(str::trim).filter(|line| line.starts_with("///")).collect();
        tested.extend(ids(&comments.join("\n")));
    }
    let page = read("docs/providers/mailersend.md");
    let table = page.split("## What does not apply").nth(1).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let excused: BTreeSet<_> = rows.filter(|(_, reason)| reason.len() > 10).flat_map(|(id, _)| ids(id)).collect();
    for id in &listed {
        assert!(tested.contains(id) || excused.contains(id), "{id} has neither a test nor a reason not to apply");
    }
    for id in &excused {
        assert!(listed.contains(id), "{id} is excused, and is no behaviour");
        assert!(!tested.contains(id), "{id} is said not to apply, and has a test");
    }
    // Sections of other features have lists of their own.
    let sections: BTreeSet<_> = listed.iter().map(|id| &id[..3]).collect();
    for id in tested.iter().chain(&ids(&page)).filter(|id| sections.contains(&id[..3])) {
        assert!(listed.contains(id), "{id} is named, and is no behaviour");
    }
}

/// A test that the document names is there.
#[test]
fn the_document_names_tests_that_there_are() {
    let files = sources("crates");
    let page = read("docs/providers/mailersend.md");
    let mut found = 0;
    for row in page.split("## Oddities").nth(1).unwrap().split("## Documented").next().unwrap().lines().skip(4) {
        let Some(last) = row.trim_end_matches(" |").rsplit(" | ").next().filter(|last| last.starts_with('`')) else {
            continue;
        };
        for name in last.split(", ").map(|name| name.trim_matches('`')) {
            let function = format!("fn {}()", name.rsplit("::").next().unwrap());
            assert!(files.iter().any(|(_, text)| text.contains(&function)), "there is no test {name}");
            found += 1;
        }
    }
    assert!(found >= 15, "only {found} tests are named");
}
