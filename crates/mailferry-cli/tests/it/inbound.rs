//! `mailferry inbound parse`.

use crate::session::Session;

const MAIL: &str = "From: =?utf-8?q?Zo=C3=AB?= <zoe@one.example>\r\nTo: shop@two.example, ann@two.example\r\n\
    Subject: Re: your order\r\nDate: Sat, 3 Oct 2026 22:33:06 +0200\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
    Danke,\r\nZo\u{eb}\r\n--b\r\nContent-Type: text/csv\r\n\
    Content-Disposition: attachment; filename=\"order.csv\"\r\n\r\n1,2\r\n--b--\r\n";

#[test]
fn a_mail_is_shown() {
    let session = Session::bare().file("mail.eml", MAIL);
    let shown = "  from          Zo\u{eb} <zoe@one.example>\n\
        \x20 to            shop@two.example, ann@two.example\n\
        \x20 subject       Re: your order\n\
        \x20 date          2026-10-03T22:33:06+02:00\n\
        \x20 attachment    order.csv (text/csv, 3 bytes)\n\
        \n\
        Danke,\n\
        Zo\u{eb}\n";
    session.run(["inbound", "parse", "mail.eml"]).check(0, shown, "");
    session.pipe(MAIL.as_bytes(), ["inbound", "parse", "-"]).check(0, shown, "");
    let both = session.run(["inbound", "parse", "mail.eml", "mail.eml"]);
    both.check(0, &format!("mail.eml\n{shown}\nmail.eml\n{shown}"), "");
}

#[test]
fn the_contract_has_these_keys() {
    let session = Session::bare().file("mail.eml", MAIL);
    let done = session.run(["inbound", "parse", "--json", "mail.eml"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
    let mail = done.object();
    let keys: Vec<&str> = mail.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "envelope_sender",
        "envelope_recipients",
        "from",
        "to",
        "cc",
        "bcc",
        "reply_to",
        "subject",
        "date",
        "text",
        "html",
        "attachments",
        "headers",
        "spf",
        "dkim",
        "problems",
    ] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    assert_eq!(mail["from"], serde_json::json!({"email": "zoe@one.example", "name": "Zo\u{eb}"}));
    assert_eq!(mail["headers"][0], serde_json::json!(["From", "Zo\u{eb} <zoe@one.example>"]));
    let file = &mail["attachments"][0];
    assert_eq!((file["filename"].as_str(), file["size"].as_u64()), (Some("order.csv"), Some(3)));
    assert_eq!(file["sha256"], "17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0");
}

/// MIM-29
#[test]
fn bad_mails_are_shown_all_the_same() {
    let nested = (0..5000).fold(String::new(), |mail, depth| {
        mail + &format!("Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n")
    });
    let headers = "X-A: b\r\n".repeat(20_000);
    for mail in [&b""[..], b"\xff\xfe\0", b"no headers at all", nested.as_bytes(), headers.as_bytes()] {
        let done = Session::bare().pipe(mail, ["inbound", "parse", "--json", "-"]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""));
        assert!(done.object()["headers"].is_array());
        let done = Session::bare().pipe(mail, ["inbound", "parse", "-"]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    }
}

#[test]
fn nothing_in_a_mail_moves_the_cursor() {
    let mail = "From: \x1b[2J <a@b.example>\r\nSubject: \x1b]0;title\x07\r\n\r\n\x1b[31mred\x1b[0m\r\n";
    let done = Session::bare().pipe(mail.as_bytes(), ["inbound", "parse", "-"]);
    assert!(!done.stdout.contains('\x1b') && !done.stdout.contains('\x07'), "{done}");
    assert!(done.stdout.contains("[31mred"), "{done}");
}

#[test]
fn one_file_that_cannot_be_read_does_not_keep_the_others() {
    let session = Session::bare().file("mail.eml", MAIL);
    let done = session.run(["inbound", "parse", "--json", "missing.eml", "mail.eml"]);
    let objects = done.objects();
    assert_eq!((done.code, objects.len()), (3, 2), "{done}");
    assert_eq!(objects[0]["error"]["kind"], "unreadable");
    assert_eq!(objects[1]["subject"], "Re: your order");
    let done = session.run(["inbound", "parse", "missing.eml"]);
    done.check(
        3,
        "",
        "error: missing.eml cannot be read: No such file or directory\n\
         help: check the path; it is relative to the current directory\n",
    );
    assert_eq!(session.run(["inbound", "parse"]).code, 2);
}
