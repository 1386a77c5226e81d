//! Settings: where they come from, and what is wrong with them.

use crate::session::{GOOD, Session, TOKEN};

fn value<'a>(objects: &'a [serde_json::Value], name: &str) -> (&'a str, &'a str) {
    let object = objects.iter().find(|object| object["name"] == name).unwrap();
    (object["value"].as_str().unwrap(), object["origin"].as_str().unwrap())
}

#[test]
fn the_first_place_that_has_a_value_counts() {
    let file = "preflight = \"off\"\ntime_zone = \"Asia/Tokyo\"\nrequests_timeout = 7\n[mailersend]\napi_url = \"http://localhost:1/v1/\"\nbatch_send_mode = \"use-bulk-email\"\n";
    let session = Session::bare()
        .file("mailferry.toml", file)
        .env("TIME_ZONE", "Europe/Paris")
        .env("PREFLIGHT", "warn")
        .env("MAILFERRY_PREFLIGHT", "refuse")
        .env("MAILERSEND_API_TOKEN", TOKEN);
    let done = session.run(["config", "--json", "--batch-send-mode", "expose-to-list"]);
    let all = done.objects();
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    for (name, expected) in [
        ("MAILERSEND_BATCH_SEND_MODE", ("expose-to-list", "flag --batch-send-mode")),
        ("PREFLIGHT", ("refuse", "environment variable MAILFERRY_PREFLIGHT")),
        ("TIME_ZONE", ("Europe/Paris", "environment variable TIME_ZONE")),
        ("REQUESTS_TIMEOUT", ("7", "`requests_timeout` in mailferry.toml")),
        ("MAILERSEND_API_URL", ("http://localhost:1/v1/", "`mailersend.api_url` in mailferry.toml")),
        ("MAILERSEND_API_TOKEN", ("(hidden)", "environment variable MAILERSEND_API_TOKEN")),
        ("REDIRECT_ALL_TO", ("(none)", "default")),
    ] {
        assert_eq!(value(&all, name), expected, "{name}");
    }
}

#[test]
fn a_settings_file_can_be_named() {
    let session = Session::bare().file("a.toml", "preflight = \"off\"").file("b.toml", "preflight = \"warn\"");
    let preflight = |session: &Session, args: &[&str]| {
        let all = session.run(["config", "--json"].iter().chain(args)).objects();
        value(&all, "PREFLIGHT").0.to_owned()
    };
    assert_eq!(preflight(&session, &[]), "refuse");
    assert_eq!(preflight(&session, &["--config", "a.toml"]), "off");
    let session = session.env("MAILFERRY_CONFIG", "b.toml");
    assert_eq!(preflight(&session, &[]), "warn");
    assert_eq!(preflight(&session, &["--config", "a.toml"]), "off");
}

#[test]
fn people_see_a_table_and_the_places_looked_at() {
    let done = Session::bare().env("PREFLIGHT", "warn").run(["config"]);
    assert_eq!(done.code, 0, "{done}");
    assert!(done.stdout.starts_with("SETTING                      VALUE\n"), "{done}");
    assert!(
        done.stdout.contains("PREFLIGHT                    warn\n  from environment variable PREFLIGHT\n"),
        "{done}"
    );
    assert!(done.stdout.contains("mailferry.toml (there is none)"), "{done}");
    assert!(done.stderr.contains("no token is set"), "{done}");
    assert!(!done.stdout.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn secrets_are_never_shown() {
    let session = Session::bare()
        .env("MAILERSEND_API_TOKEN", TOKEN)
        .env("MAILERSEND_API_TOKENS", format!("shop.example={TOKEN}"))
        .env("SEND_DEFAULTS", format!(r#"{{"esp_extra": {{"api_token": "{TOKEN}"}}}}"#));
    for args in [&["config"][..], &["config", "--json"], &["config", "-v"]] {
        assert_eq!(session.run(args).code, 0);
    }
}

#[test]
fn a_missing_token_lists_every_place_looked_at() {
    let done = Session::bare().file("message.json", GOOD).run(["send", "message.json"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""));
    for place in ["MAILFERRY_MAILERSEND_API_TOKEN", "`mailersend.api_token` in mailferry.toml", "help: "] {
        assert!(done.stderr.contains(place), "{place}: {done}");
    }
}

#[test]
fn wrong_settings_are_named_with_their_place() {
    for (name, setting, words) in [
        ("MAILERSEND_API_TOKEN", "", "is empty"),
        ("MAILERSEND_API_TOKEN", "mlsn.not-to-be-printed\nX: y", "line break"),
        ("MAILERSEND_API_URL", "https://api.example/v1/?x=1", "query"),
        ("MAILERSEND_API_URL", "ftp://api.example/", "https://"),
        ("MAILERSEND_API_URL", "nonsense", "wants `https://…`"),
        ("MAILERSEND_API_URL", "", "wants `https://…`"),
        ("MAILERSEND_API_URL", "http://", "not a URL"),
        ("MAILERSEND_BATCH_SEND_MODE", "both", "`use-bulk-email` or `expose-to-list`"),
        ("PREFLIGHT", "maybe", "`refuse`, `warn` or `off`"),
        ("TIME_ZONE", "Mars/Olympus", "IANA"),
        ("REQUESTS_TIMEOUT", "-1", "seconds above 0"),
        ("REDIRECT_ALL_TO", "nobody", "nobody"),
        ("IGNORE_UNSUPPORTED_FEATURES", "perhaps", "`true` or `false`"),
        ("SEND_DEFAULTS", "{\"form\": 1}", "did you mean `from`?"),
        ("MAILFERRY_PREFIGHT", "off", "PREFLIGHT"),
        ("MAILFERRY_NONSENSE", "1", "mailferry config"),
        ("MAILFERRY_LOG", "loud", "debug"),
        ("MAILFERRY_CONFIG", "", "MAILFERRY_CONFIG is empty"),
    ] {
        let session = Session::bare().env("MAILERSEND_API_TOKEN", TOKEN).env(name, setting).file("message.json", GOOD);
        let done = session.run(["send", "message.json"]);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{name}: {done}");
        assert!(done.stderr.contains(words), "{name}: {done}");
        let json = session.run(["send", "--json", "message.json"]);
        assert_eq!(json.object()["error"]["kind"], "config", "{json}");
    }
}

#[test]
fn wrong_settings_files() {
    for (content, words) in [
        (&b"preflight = "[..], "line 1"),
        (b"[mailersend]\napi_tokn = \"mlsn.not-to-be-printed\"\n", "did you mean `mailersend.api_token`?"),
        (b"[mailersend]\napi_token = \"mlsn.not-to-be-printed\n", "line 2"),
        (b"\xff\xfe", "cannot be read: it is not text in UTF-8"),
    ] {
        let session = Session::bare().file("mailferry.toml", content).file("message.json", GOOD);
        let done = session.run(["send", "message.json"]);
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
        assert!(done.stderr.contains(words), "{words}: {done}");
    }
    let session = Session::bare();
    for path in ["missing.toml", "."] {
        let done = session.run(["config", "--config", path]);
        assert_eq!(done.code, 2, "{done}");
        assert!(done.stderr.contains("named by --config"), "{done}");
    }
}

#[test]
fn a_wrong_flag_is_named() {
    let session = Session::bare().env("MAILERSEND_API_TOKEN", TOKEN).file("message.json", GOOD);
    let done = session.run(["send", "--batch-send-mode", "both", "message.json"]);
    assert_eq!(done.code, 2, "{done}");
    assert!(done.stderr.contains("(flag --batch-send-mode)"), "{done}");
}

#[cfg(unix)]
#[test]
fn a_settings_file_that_never_ends_is_not_read_to_its_end() {
    let done = Session::bare().run(["config", "--config", "/dev/zero"]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{done}");
    assert!(done.stderr.contains("longer than 1 MiB"), "{done}");
}
