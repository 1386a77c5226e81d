//! `mailferry demo`.

use crate::session::Session;

#[test]
fn it_shows_everything_within_80_columns() {
    let done = Session::bare().run(["demo"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    for words in [
        "\"subject\": \"Your order {{ order_no }} has shipped\"",
        "alice@example.com reads\n  │ To: alice@example.com\n  │ Subject: Your order 12345 has shipped\n  │ Hi Alice, order 12345 left us on May 15.\n",
        "bob@example.com reads\n  │ To: alice@example.com, bob@example.com\n  │ Subject: Your order 54321 has shipped\n",
        "bob@example.com reads\n  │ To: bob@example.com\n  │ Subject: Your order 54321 has shipped\n",
        "unknown   bulk:",
        ": completed (2 recipients, 0 suppressed, 0 refused)\nqueued    ",
        "rejected  -                              carol@example.com\n",
        "[buoy.png, 101 bytes, shown in the text by cid:buoy]\n  │ [invoice.csv, 21 bytes, attached]",
        "open@example.com    sent, delivered, opened\n\
         click@example.com   sent, delivered, opened, clicked https://shop.example/new\n\
         bounce@example.com  sent, bounced (hard)\n",
        "rejected  -                              bounce@example.com\n",
        "  │ From: Clara <click@example.com>\n  │ To: orders@shop.example\n  │ Subject: Re: New lanterns\n  \
         │ Mine arrived without its wick, see the picture.\n  │ Can you send one?\n  \
         │ [quoted lines left out: 1]\n  │ [lantern.png, 8 bytes, image/png]\n",
    ] {
        assert!(done.stdout.contains(words), "{words}: {done}");
    }
    let wide: Vec<_> = done.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(wide, Vec::<&str>::new());
    assert!(done.stdout.lines().count() < 120, "{done}");
}

/// But for ids, which are other ones each time.
#[test]
fn it_is_the_same_each_time() {
    let shown = || {
        let done = Session::bare().run(["demo"]);
        let is_id = |word: &&str| word.trim_start_matches("bulk:").trim_end_matches(':').len() == 24;
        let words = |line: &str| line.split(' ').filter(|word| !is_id(word)).map(str::to_owned).collect::<Vec<_>>();
        done.stdout.lines().map(words).collect::<Vec<_>>()
    };
    assert_eq!(shown(), shown());
}

#[test]
fn scripts_get_one_object_for_each_scene() {
    let done = Session::bare().run(["demo", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let scenes = done.objects();
    assert_eq!(scenes.len(), 7, "{done}");
    let statuses: Vec<_> = scenes.iter().take(5).map(|scene| scene["result"]["status"].to_string()).collect();
    assert_eq!(
        statuses,
        [r#"["queued"]"#, r#"["queued"]"#, r#"["unknown"]"#, r#"["queued","rejected"]"#, r#"["queued"]"#]
    );
    assert_eq!(scenes[2]["bulk"]["recipients"]["bob@example.com"]["status"], "queued");
    let readers: Vec<_> = scenes.iter().take(5).map(|scene| scene["read"].as_array().unwrap().len()).collect();
    assert_eq!(readers, [1, 2, 2, 1, 1]);
    assert_eq!(scenes[1]["read"][1]["text"], "Hi Bob, order 54321 left us on May 15.");
}

#[test]
fn scripts_get_what_comes_back() {
    let done = Session::bare().run(["demo", "--json"]);
    let scenes = done.objects();
    let followed = &scenes[5];
    let kinds: Vec<_> = followed["events"].as_array().unwrap().iter().map(|event| &event["service_kind"]).collect();
    assert_eq!(
        kinds,
        [
            "sent",
            "delivered",
            "opened",
            "opened_unique", // open@
            "sent",
            "delivered",
            "opened",
            "opened_unique",
            "clicked",
            "clicked_unique", // click@
            "sent",
            "hard_bounced",
        ]
    );
    let bounced = &followed["events"][11];
    assert_eq!((&bounced["event_type"], &bounced["bounce"]["type"]), (&"bounced".into(), &"hard".into()));
    assert_eq!(bounced["message_id"], followed["result"]["message_id"]);
    assert_eq!(followed["again"]["recipients"]["bounce@example.com"]["status"], "rejected");
    let reply = &scenes[6];
    assert_eq!(reply["event"]["event_type"], "inbound");
    assert_eq!(reply["event"]["message"]["subject"], "Re: New lanterns");
    assert_eq!(reply["event"]["message"]["attachments"][0]["filename"], "lantern.png");
    assert_eq!(reply["reply_text"].as_str().unwrap().lines().count(), 2, "{reply}");
}

#[test]
fn nothing_is_left_behind() {
    let session = Session::bare();
    let folder = session.path("temporary");
    let session = session.env("TMPDIR", &folder);
    std::fs::create_dir(&folder).unwrap();
    assert_eq!(session.run(["demo"]).code, 0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir(&folder).unwrap();
    let done = session.run(["demo"]);
    assert_eq!(done.code, 1, "{done}");
    assert!(done.stderr.contains("no place for temporary files"), "{done}");
}

#[test]
fn settings_of_the_surroundings_do_not_matter() {
    let session = Session::bare()
        .env("MAILERSEND_API_URL", "nonsense")
        .env("PREFLIGHT", "nonsense")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .file("mailferry.toml", "nonsense");
    assert_eq!(session.run(["demo"]).code, 0);
}
