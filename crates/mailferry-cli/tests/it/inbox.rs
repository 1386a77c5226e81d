//! `mailferry inbox`: beside a listener, and without one.

use crate::listener::{Listener, arrived, happened, session, until};
use crate::session::{Session, Transcript};

/// An inbox with a delivered, a bounced and an arrived mail, all shown.
fn filled() -> Session {
    let session = session();
    let listener = Listener::start(&session, &["--json"]);
    let mut client = listener.client();
    client.track(&happened("delivered", "1"));
    client.track(&happened("soft_bounced", "2"));
    client.arrive(&arrived("3", "From: bob@b.example\r\nSubject: Hi\r\n\r\nHello\r\n"));
    for _ in 0..3 {
        listener.line();
    }
    let stopped = listener.stop();
    assert_eq!(stopped.0, 0, "{stopped:?}");
    session
}

/// With the times of the test in the place of those of now.
fn timeless(done: &Transcript) -> String {
    let is_time = |word: &str| word.len() >= 8 && word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(':');
    let is_date = |word: &str| word.len() == 10 && word.split('-').count() == 3;
    let lines = done.stdout.lines().map(|line| {
        let words = line.split(' ').map(|word| match word {
            word if is_time(word) => "TIME",
            word if is_date(word) => "DATE",
            word => word,
        });
        words.collect::<Vec<_>>().join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn entries_are_listed_the_latest_first() {
    let session = filled();
    let done = session.run(["inbox", "list"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    assert_eq!(
        timeless(&done),
        "    ID  RECEIVED (UTC)       EVENT           STATE\n\
        \x20    3  DATE TIME  inbound         done\n\
        \x20    2  DATE TIME  soft_bounced    done\n\
        \x20    1  DATE TIME  delivered       done\n"
    );
    assert!(done.stdout.lines().all(|line| line.chars().count() <= 80), "{done}");
    for (args, ids) in [
        (&["--kind", "bounced"][..], &[2][..]),
        (&["--kind", "soft_bounced"], &[2]),
        (&["--kind", "inbound"], &[3]),
        (&["--kind", "opened"], &[]),
        (&["--state", "done"], &[3, 2, 1]),
        (&["--state", "dead"], &[]),
        (&["--handler", "print", "--state", "done", "--limit", "2"], &[3, 2]),
        (&["--since", "1h"], &[3, 2, 1]),
        (&["--until", "1h"], &[]),
        (&["--since", "2020-01-01", "--until", "2021-01-01T00:00:00Z"], &[]),
    ] {
        let done = session.run(["inbox", "list", "--json"].iter().chain(args));
        let found: Vec<_> = done.objects().iter().map(|entry| entry["id"].as_i64().unwrap()).collect();
        assert_eq!((done.code, found.as_slice()), (0, ids), "{args:?}: {done}");
    }
    let done = session.run(["inbox", "list", "--limit", "2"]);
    assert_eq!(done.stderr, "there are more: --limit 20\n", "{done}");
    session.run(["inbox", "list", "--kind", "opened"]).check(0, "", "nothing of that kind is in the inbox\n");
    let entry = &session.run(["inbox", "list", "--json", "--kind", "delivered"]).object();
    for (key, value) in [
        ("event_type", "delivered"),
        ("service_kind", "delivered"),
        ("timestamp", "2026-10-03T22:33:06+00:00"),
        ("event_id", "1"),
        ("source", "mailersend/tracking"),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    assert_eq!(entry["size"].as_u64(), Some(happened("delivered", "1").len() as u64));
    let print = &entry["handlers"][0];
    assert_eq!((print["handler"].as_str(), print["state"].as_str()), (Some("print"), Some("done")), "{print}");
}

#[test]
fn an_entry_is_shown_whole() {
    let session = filled();
    let done = session.run(["inbox", "show", "2"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let size = happened("soft_bounced", "2").len();
    assert_eq!(
        timeless(&done),
        format!(
            "bounced\n\
            \x20 time          TIME\n\
            \x20 recipient     ann@example.com\n\
            \x20 bounce        soft\n\
            \x20 reason        bounced\n\
            \x20 message id    m2\n\
            \x20 event id      2\n\
            \x20 called        soft_bounced\n\
            \n\
            entry 2\n\
            \x20 received      TIME\n\
            \x20 at            mailersend/tracking\n\
            \x20 size          {size} bytes\n\
            \x20 print         done since DATE TIME\n"
        )
    );
    // The event is the contract's, with what the inbox knows beside it.
    let mut shown = session.run(["inbox", "show", "--json", "2"]).object();
    let inbox = shown.as_object_mut().unwrap().remove("inbox").unwrap();
    let body = happened("soft_bounced", "2");
    let signature = mailferry::mailersend::sign(&body, crate::listener::SECRET);
    let parsed = session.pipe(&body, ["webhook", "parse", "--json", "--signature", &signature]).object();
    assert_eq!(shown, parsed);
    assert_eq!((inbox["id"].as_i64(), inbox["pruned"].as_bool()), (Some(2), Some(false)), "{inbox}");
    assert_eq!(inbox["attempts"], serde_json::json!([]));
    let raw = session.run(["inbox", "show", "--raw", "2"]);
    assert_eq!(raw.stdout.as_bytes(), body);
    assert_eq!(session.run(["inbox", "show", "--json", "3"]).object()["message"]["subject"], "Hi");
}

#[test]
fn what_is_replayed_is_handed_over_again() {
    let session = filled();
    let listener = Listener::start(&session, &["--json"]);
    for (args, number, shown) in [
        (&["2"][..], 1, &["2"][..]),
        (&["3", "1"], 2, &["1", "3"]),
        (&["--kind", "delivered"], 1, &["1"]),
        (&["--since", "1h", "--until", "2100-01-01"], 3, &["1", "2", "3"]),
        (&["--all"], 3, &["1", "2", "3"]),
        (&["--handler", "print", "--kind", "inbound"], 1, &["3"]),
        (&["--dead"], 0, &[]),
        (&["--kind", "opened"], 0, &[]),
    ] {
        let dry = session.run(["inbox", "replay", "--dry-run", "--json"].iter().chain(args));
        assert_eq!((dry.code, dry.objects().len()), (0, shown.len()), "{args:?}: {dry}");
        let entries = if shown.len() == 1 { "entry" } else { "entries" };
        assert_eq!(dry.stderr, format!("{} {entries} would be handed over again\n", shown.len()));
        let done = session.run(["inbox", "replay", "--json"].iter().chain(args));
        done.check(0, &format!("{{\"replayed\":{number}}}\n"), "");
        let mut ids: Vec<_> =
            shown.iter().map(|_| listener.object()["event_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        assert_eq!(ids, shown, "{args:?}");
        let is_done = || session.run(["inbox", "list", "--json", "--state", "done"]).objects().len() == 3;
        until("all is done", || is_done().then_some(()), String::new);
    }
    assert_eq!(listener.stop().1, Vec::<String>::new());
    let words = "nothing to replay: nothing that matches is done or dead, with its body still there\n";
    session.run(["inbox", "replay", "--kind", "opened"]).check(0, words, "");
    session.run(["inbox", "replay", "1"]).check(0, "to be handed over again: 1\n", "");
}

#[test]
fn a_replay_says_what_it_is_to_be() {
    let session = filled();
    for (args, words) in [
        (&["replay"][..], "it is not said what to replay"),
        (&["replay", "17"], "there is no entry 17 in mailferry-inbox.db"),
        (&["replay", "--handler", "shop"], "knows no handler \"shop\""),
        (&["replay", "--all", "1"], "cannot be used with"),
        (&["replay", "x"], "invalid"),
        (&["replay", "--since", "soon"], "give a date"),
        (&["show", "17"], "there is no entry 17 in mailferry-inbox.db"),
        (&["forget", "shop"], "it knows print"),
        (&["list", "--state", "lost"], "lost"),
        (&["list", "--limit", "0"], "0"),
        (&["prune", "--bodies", "old"], "give an age"),
    ] {
        let done = session.run(["inbox"].iter().chain(args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}: {done}");
        assert!(done.stderr.contains(words), "{args:?}: {done}");
    }
}

#[test]
fn everything_is_counted() {
    let session = filled();
    session.run(["inbox", "stats"]).check(
        0,
        "mailferry-inbox.db: entries 3, with their bodies 3\n\
         \n\
         EVENT             ENTRIES\n\
         bounced                 1\n\
         delivered               1\n\
         inbound                 1\n\
         \n\
         HANDLER           PENDING  CLAIMED       DONE     DEAD   BEHIND\n\
         print                   0        0          3        0        -\n",
        "",
    );
    let stats = session.run(["inbox", "stats", "--json"]).object();
    assert_eq!(stats["kinds"], serde_json::json!({"bounced": 1, "delivered": 1, "inbound": 1}));
}

#[test]
fn what_is_old_is_taken_away() {
    let session = filled();
    session.run(["inbox", "prune"]).check(0, "taken away: 0 bodies, 0 entries\n", "");
    session.run(["inbox", "prune", "--bodies", "0s", "--json"]).check(0, "{\"bodies\":3,\"entries\":0}\n", "");
    let shown = session.run(["inbox", "show", "--json", "1"]).object();
    assert_eq!((shown["event_type"].as_str(), shown["inbox"]["pruned"].as_bool()), (Some("delivered"), Some(true)));
    assert!(session.run(["inbox", "show", "1"]).stdout.starts_with("delivered (its body was pruned)\n"));
    let raw = session.run(["inbox", "show", "--raw", "1"]);
    assert_eq!((raw.code, raw.stdout.as_str()), (3, ""), "{raw}");
    session.run(["inbox", "replay", "--all", "--json"]).check(0, "{\"replayed\":0}\n", "");
    session.run(["inbox", "replay", "--all", "--dry-run"]).check(0, "", "0 entries would be handed over again\n");
    session.run(["inbox", "prune", "--bodies", "0s", "--entries", "0s"]).check(
        0,
        "taken away: 0 bodies, 3 entries\n",
        "",
    );
}

#[test]
fn files_that_are_no_inbox_are_named() {
    let session = Session::bare().file("text.db", "this is no database at all, but a text");
    for (args, words) in [
        (&["list"][..], "there is no inbox here"),
        (&["stats", "--inbox", "missing/inbox.db"], "does not exist"),
        (&["show", "--inbox", "text.db", "1"], "not a database"),
        (&["replay", "--inbox", ".", "--all"], "folder"),
    ] {
        let done = session.run(["inbox"].iter().chain(args));
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}: {done}");
        assert!(done.stderr.contains(words) && done.stderr.contains("help: "), "{args:?}: {done}");
        let json = session.run(["inbox", "--json"].iter().chain(args));
        assert_eq!(json.object()["error"]["kind"], "config", "{json}");
    }
    assert!(!session.path("mailferry-inbox.db").exists(), "asking makes none");
}
