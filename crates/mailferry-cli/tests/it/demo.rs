//! `mailferry demo`.

use crate::session::Session;

#[test]
fn it_shows_everything_within_80_columns() {
    let done = Session::bare().run(["demo"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    for words in [
        "\"subject\": \"Your order {{ order_no }} has shipped\"",
        "alice@example.com reads\n  │ To: alice@example.com\n  │ Subject: Your order 12345 has shipped\n  │ Hi Alice,\n  │ order 12345 left us on May 15.\n",
        "bob@example.com reads\n  │ To: alice@example.com, bob@example.com\n  │ Subject: Your order 54321 has shipped\n",
        "bob@example.com reads\n  │ To: bob@example.com\n  │ Subject: Your order 54321 has shipped\n",
        "unknown   bulk:",
        ": completed (2 recipients, 0 suppressed, 0 refused)\nqueued    ",
        "rejected  -                              carol@example.com\n",
        "[buoy.png, 101 bytes, shown in the text by cid:buoy]\n  │ [invoice.csv, 21 bytes, attached]",
    ] {
        assert!(done.stdout.contains(words), "{words}: {done}");
    }
    let wide: Vec<_> = done.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(wide, Vec::<&str>::new());
}

#[test]
fn scripts_get_one_object_for_each_scene() {
    let done = Session::bare().run(["demo", "--json"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let scenes = done.objects();
    let statuses: Vec<_> = scenes.iter().map(|scene| scene["result"]["status"].to_string()).collect();
    assert_eq!(
        statuses,
        [r#"["queued"]"#, r#"["queued"]"#, r#"["unknown"]"#, r#"["queued","rejected"]"#, r#"["queued"]"#]
    );
    assert_eq!(scenes[2]["bulk"]["recipients"]["bob@example.com"]["status"], "queued");
    let readers: Vec<_> = scenes.iter().map(|scene| scene["read"].as_array().unwrap().len()).collect();
    assert_eq!(readers, [1, 2, 2, 1, 1]);
    assert_eq!(scenes[1]["read"][1]["text"], "Hi Bob,\norder 54321 left us on May 15.");
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
