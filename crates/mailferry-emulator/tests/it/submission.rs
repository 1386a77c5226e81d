//! Sending by SMTP, as through MailerSend's relay.

use std::time::Duration;

use mailferry_emulator::{
    AccountState, Builder, EmailStatus, Emulator, RateLimits, RecipientLimits, SuppressionList, Via, Webhook,
};
use serde_json::json;

use crate::client::{get, started};
use crate::receiver::Receiver;
use crate::smtp_client::Client;

/// `AUTH PLAIN` as ann with the password sesame.
const ANN: &str = "AUTH PLAIN AGFubgBzZXNhbWU=";
const MAIL: &str = "From: Shop <shop@example.com>\r\nTo: Ann <ann@example.org>\r\nSubject: Hi\r\n\r\nHello\r\n";

async fn sending(set_up: impl FnOnce(Builder) -> Builder) -> (Emulator, Client) {
    let emulator = started(|builder| set_up(builder.submission_port(0))).await;
    let mut client = Client::at(emulator.submission_address().unwrap()).await;
    client.check("EHLO client.test", "250").await;
    (emulator, client)
}

async fn logged_in(set_up: impl FnOnce(Builder) -> Builder) -> (Emulator, Client) {
    let (emulator, mut client) = sending(set_up).await;
    client.check(ANN, "235 2.7.0").await;
    (emulator, client)
}

/// Sends a mail, and hears what becomes of it.
async fn submit(client: &mut Client, recipients: &[&str], mail: &str) -> String {
    client.check("MAIL FROM:<bounces@example.com>", "250").await;
    for recipient in recipients {
        client.check(&format!("RCPT TO:<{recipient}>"), "250").await;
    }
    client.check("DATA", "354").await;
    client.send(mail.to_owned() + "\r\n.\r\n").await;
    client.hear().await
}

/// The same with one recipient.
async fn submit_one(client: &mut Client, mail: &str) -> String {
    submit(client, &["ann@example.org"], mail).await
}

#[tokio::test]
async fn a_mail_is_a_message() {
    let (emulator, mut client) = logged_in(|builder| builder).await;
    let mail = "From: =?utf-8?q?Obchod=2C_s=2Er=2Eo=2E?= <shop@mail.example>\r\n\
                To: \"Lee, Ann\" <ann@one.example>, Else <else@one.example>\r\nCc: Bob <bob@one.example>\r\n\
                Reply-To: Help <help@mail.example>\r\nSubject: =?utf-8?q?Objedn=C3=A1vka?=\r\n\
                Date: Sun, 1 Mar 2026 10:00:00 +0000\r\nMessage-ID: <own@mail.example>\r\nMIME-Version: 1.0\r\n\
                X-MailerSend-Tags: \"order, eu\"\r\nX-Order: 12\r\nX_Odd: any name\r\nIn-Reply-To: <a@one.example>\r\n\
                Content-Type: multipart/mixed; boundary=m\r\n\r\n\
                --m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
                --r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
                --a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAhoj\r\n..\r\n\
                --a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                <p>Ahoj <img src=3D\"cid:logo@x\"></p>\r\n--a--\r\n\
                --r\r\nContent-Type: image/png; name=logo.png\r\nContent-Disposition: inline; filename=logo.png\r\n\
                Content-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n\
                --m\r\nContent-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n\
                a;b\r\n--m--\r\n";
    let reply = submit(&mut client, &["ann@one.example", "bob@one.example", "cyd@one.example"], mail).await;
    let message = emulator.messages().pop().unwrap();
    assert_eq!(reply, format!("250 Message queued as {}", message.id));
    assert_eq!(message.via, Via::Smtp);
    let shown =
        |mailbox: &mailferry_emulator::Mailbox| (mailbox.email.clone(), mailbox.name.clone().unwrap_or_default());
    let pair = |email: &str, name: &str| (email.to_owned(), name.to_owned());
    assert_eq!(message.from.as_ref().map(shown), Some(pair("shop@mail.example", "Obchod, s.r.o.")));
    assert_eq!(message.reply_to.as_ref().map(shown), Some(pair("help@mail.example", "Help")));
    assert_eq!(message.to.iter().map(shown).collect::<Vec<_>>(), [pair("ann@one.example", "Lee, Ann")]);
    assert_eq!(message.cc.iter().map(shown).collect::<Vec<_>>(), [pair("bob@one.example", "Bob")]);
    assert_eq!(message.bcc.iter().map(shown).collect::<Vec<_>>(), [pair("cyd@one.example", "")]);
    assert_eq!(message.subject.as_deref(), Some("Objedn\u{e1}vka"));
    assert_eq!(message.text.as_deref(), Some("Ahoj\n."));
    assert_eq!(message.html.as_deref(), Some("<p>Ahoj <img src=\"cid:logo@x\"></p>"));
    assert_eq!(message.tags, ["order", "eu"]);
    let headers: Vec<_> = message.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(headers, ["X-Order: 12", "X_Odd: any name"]);
    assert_eq!(message.request["in_reply_to"], "a@one.example");
    let files: Vec<_> =
        message.attachments.iter().map(|f| (&*f.filename, f.inline, f.id.as_deref(), &*f.content)).collect();
    let png: &[u8] = b"\x89PNG\r\n\x1a\n";
    assert_eq!(files, [("logo.png", true, Some("logo@x"), png), ("a.csv", false, None, b"a;b")]);
    assert_eq!(emulator.emails().len(), 3);
}

#[tokio::test]
async fn it_lives_as_any_message_does() {
    let receiver = Receiver::start().await;
    let (emulator, mut client) = logged_in(|builder| builder.webhook(Webhook::new(&receiver.url))).await;
    let reply = submit(&mut client, &["open@example.org"], &MAIL.replace("ann@", "open@")).await;
    let id = reply.rsplit(' ').next().unwrap().to_owned();
    let message = get(&emulator, &format!("/v1/messages/{id}")).await;
    assert_eq!(message.json()["data"]["emails"][0]["subject"], "Hi", "{}", message.text());
    emulator.clock().advance(Duration::from_secs(10));
    emulator.settled().await;
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Delivered);
    let kinds: Vec<_> = receiver.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.iter().any(|kind| kind == "activity.delivered"), "{kinds:?}");
    let domain = emulator.domain_id("example.com");
    let listed = get(&emulator, &format!("/v1/activity/{domain}?date_from=1772355600&date_to=1772359205")).await;
    assert!(listed.text().contains("\"delivered\""), "{}", listed.text());
}

#[tokio::test]
async fn the_source_is_among_the_requests() {
    let (emulator, mut client) = logged_in(|builder| builder).await;
    submit_one(&mut client, MAIL).await;
    submit_one(&mut client, "Subject: no sender\r\n\r\nHello\r\n").await;
    let requests = emulator.requests();
    let shown: Vec<_> = requests.iter().map(|r| (r.method(), r.target(), r.status())).collect();
    assert_eq!(shown, [("SMTP", "/submission", Some(250)), ("SMTP", "/submission", Some(450))]);
    assert!(requests[0].body().starts_with(MAIL.as_bytes()));
    assert_eq!(requests[0].header("mail-from"), Some("bounces@example.com"));
    assert_eq!(requests[0].header("rcpt-to"), Some("ann@example.org"));
    assert_eq!(requests[0].header("user"), Some("ann"));
}

#[tokio::test]
async fn nobody_sends_without_a_login() {
    let (emulator, mut client) = sending(|builder| builder).await;
    let offered = client.say("EHLO client.test").await;
    assert_eq!(
        offered,
        "250-mailferry.test|250-PIPELINING|250-SIZE 41943040|250-AUTH PLAIN LOGIN|250-8BITMIME|250 CHUNKING"
    );
    for (line, reply) in [
        ("MAIL FROM:<a@example.com>", "530 5.7.0 Authentication required"),
        ("RCPT TO:<a@example.org>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("AUTH CRAM-MD5", "504 5.5.4"),
        ("AUTH PLAIN", "334 "),
        ("*", "501 5.7.0"),
        ("AUTH PLAIN not-base64", "501 5.5.2"),
        ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
        ("YW5u", "334 UGFzc3dvcmQ6"),
        ("c2VzYW1l", "235 2.7.0"),
        (ANN, "503 5.5.1"),
        ("RCPT TO:<a@example.org>", "503 5.5.1"),
        ("MAIL FROM:<a@example.com> AUTH=<>", "250"),
        (ANN, "503 5.5.1"),
        ("RCPT TO:<no address>", "50"),
        ("RCPT TO:<local>", "5"),
        ("RCPT TO:<ann@ex_ample.org>", "553 5.1.3 The recipient must be a valid email address. #MS42208"),
        ("RCPT TO:<\u{e4}@example.org>", "553 5.6.7"),
    ] {
        client.check(line, reply).await;
    }
    // A hello starts over, but for the login.
    client.check("EHLO again.test", "250").await;
    client.check("MAIL FROM:<a@example.com>", "250").await;
    let mut other = Client::at(emulator.submission_address().unwrap()).await;
    other.check(ANN, "503 5.5.1").await;
    other.check("HELO old.test", "250").await;
    other.check(ANN, "503 5.5.1").await;
    other.check("MAIL FROM:<a@example.com>", "530 5.7.0").await;
}

#[tokio::test]
async fn users_have_passwords() {
    let (emulator, mut client) =
        sending(|builder| builder.submission_user("ann", "sesame").submission_user("bob", "x")).await;
    client.check("AUTH PLAIN AGFubgB3cm9uZw==", "535 5.7.8").await;
    client.check("AUTH PLAIN AGJvYgBzZXNhbWU=", "535 5.7.8").await;
    client.check("MAIL FROM:<a@example.com>", "530 5.7.0").await;
    client.check(ANN, "235").await;
    // Whoever goes on trying is left.
    let mut other = Client::at(emulator.submission_address().unwrap()).await;
    other.check("EHLO other.test", "250").await;
    let mut tries = 0;
    while other.say("AUTH PLAIN AGFubgB3cm9uZw==").await.starts_with("535") {
        tries += 1;
        assert!(tries < 100, "passwords can be guessed for ever");
    }
    assert_eq!(other.hear().await, "");
}

#[tokio::test]
async fn other_machines_need_a_token() {
    let address = "0.0.0.0:0".parse().unwrap();
    let emulator = started(|builder| builder.submission(address).token("mlsn.other")).await;
    let port = emulator.submission_address().unwrap().port();
    let mut client = Client::at(([127, 0, 0, 1], port).into()).await;
    client.check("EHLO client.test", "250").await;
    client.check(ANN, "535 5.7.8").await;
    // "\0ann\0mlsn.other"
    client.check("AUTH PLAIN AGFubgBtbHNuLm90aGVy", "235").await;
}

#[tokio::test]
async fn the_rules_are_those_of_the_api() {
    let (emulator, mut client) = logged_in(|builder| {
        let limits = RecipientLimits { to: 1, cc: 1, bcc: 1 };
        builder.verified_domains(["example.com"]).recipient_limits(limits)
    })
    .await;
    let file = |name: &str, content: &str| {
        format!(
            "From: shop@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\nContent-Type: multipart/mixed; boundary=m\r\n\
             \r\n--m\r\n\r\nHello\r\n--m\r\nContent-Disposition: attachment; filename={name}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n--m--\r\n"
        )
    };
    for (mail, expected) in [
        (MAIL.to_owned(), "250 Message queued as "),
        (
            MAIL.replace("shop@example.com", "shop@elsewhere.test"),
            "450 The given data was invalid. The from.email domain must be verified in your account to send emails. #MS42207",
        ),
        (
            MAIL.replace("Subject: Hi\r\n", ""),
            "450 The given data was invalid. The subject field is required. #MS42209",
        ),
        (
            MAIL.replace("Hello", ""),
            "450 The given data was invalid. You must provide one of html, text or template_id. #MS42211",
        ),
        (
            "To: ann@example.org\r\n\r\n".to_owned(),
            "450 The given data was invalid. The from.email field is required. #MS42209,The subject field is required. #MS42209,You must",
        ),
        (file("a.exe", "aGk="), "450 The given data was invalid. This file type is not supported. #MS42210"),
        (
            file("a.gif", "iVBORw0KGgo="),
            "450 The given data was invalid. Could not validate the attached file. Filename and attached file does not match. #MS42202",
        ),
        (file("a.png", "iVBORw0KGgo="), "250 "),
        (
            MAIL.replace("Subject", "X-MailerSend-Tags: a,b,c,d,e,f\r\nSubject"),
            "450 The given data was invalid. The tags must not have more than 5 items.",
        ),
        (MAIL.replace("ann@example.org", "hidden@example.org"), "250 "),
    ] {
        let reply = submit_one(&mut client, &mail).await;
        assert!(reply.starts_with(expected), "{mail}\n{reply}\n{expected}");
    }
    let reply = submit(&mut client, &["a@example.org", "b@example.org"], MAIL).await;
    assert_eq!(reply, "450 The given data was invalid. The bcc recipient limit is exceeded. #MS42205");
    assert_eq!(emulator.messages().len(), 3);
    assert_eq!(emulator.emails()[2].role(), mailferry_emulator::Role::Bcc);
}

#[tokio::test]
async fn replies_are_lines_whatever_a_mail_says() {
    let (_emulator, mut client) = logged_in(|builder| builder.verified_domains(["example.com"])).await;
    let name = "a=?utf-8?q?=0D=0A250_Ok=0D=0A?=b.exe";
    let mail = format!(
        "From: \"x\" <a@example.com>\r\nSubject: Hi\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\nx\r\n--m--\r\n"
    );
    assert!(submit_one(&mut client, &mail).await.starts_with("450 "));
    client.check("NOOP", "250 2.0.0").await;
    let many = "--m\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nx\r\n".repeat(500);
    let mail = format!(
        "From: a@example.com\r\nSubject: Hi\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n{many}--m--\r\n"
    );
    let reply = submit_one(&mut client, &mail).await;
    assert!(reply.len() < 1_100 && reply.ends_with("..."), "{}", reply.len());
}

#[tokio::test]
async fn suppressed_recipients_are_left_out() {
    let (emulator, mut client) = logged_in(|builder| builder).await;
    emulator.suppress(SuppressionList::HardBounces, "ann@example.org");
    let reply = submit(&mut client, &["ann@example.org", "bob@example.org"], MAIL).await;
    assert!(reply.starts_with("250 "), "{reply}");
    let readers: Vec<_> = emulator.emails().iter().map(|email| email.recipient().email.clone()).collect();
    assert_eq!(readers, ["bob@example.org"]);
    assert_eq!(submit_one(&mut client, MAIL).await, "554 All of the recipients provided have been suppressed.");
}

#[tokio::test]
async fn limits_are_counted() {
    let limits = RateLimits { smtp: Some(2), ..RateLimits::unlimited() };
    let (emulator, mut client) = logged_in(|builder| builder.rate_limits(limits).daily_quota(4)).await;
    let wrong = MAIL.replace("Subject: Hi\r\n", "");
    assert!(submit_one(&mut client, MAIL).await.starts_with("250 "));
    assert!(submit_one(&mut client, &wrong).await.starts_with("450 The given data"));
    assert_eq!(
        submit_one(&mut client, MAIL).await,
        "450 Your account reached its rate limit of 2 requests/min. Please wait before trying again. #MS42903"
    );
    emulator.clock().advance(Duration::from_mins(1));
    assert!(submit_one(&mut client, MAIL).await.starts_with("250 "));
    // The day is shared with the API.
    let quota = get(&emulator, "/v1/messages").await;
    assert_eq!(quota.header("x-apiquota-remaining"), Some("0"));
    assert_eq!(
        submit_one(&mut client, MAIL).await,
        "450 Your account reached its API daily quota limit. Upgrade to increase it. #MS42901"
    );
}

#[tokio::test]
async fn the_account_and_the_service_may_be_out_of_order() {
    let (emulator, mut client) = logged_in(|builder| builder).await;
    emulator.set_account(AccountState::SwitchedOff);
    let words = "Your account's access to API/SMTP has been switched off. #MS40302";
    client.check("MAIL FROM:<a@example.com>", &format!("450 {words}")).await;
    let mut other = Client::at(emulator.submission_address().unwrap()).await;
    other.check("EHLO other.test", "250").await;
    other.check(ANN, &format!("535 {words}")).await;
    emulator.set_account(AccountState::Active);
    client.check("MAIL FROM:<a@example.com>", "250").await;
    client.check("RSET", "250").await;
    emulator.set_maintenance(true);
    client.check("MAIL FROM:<a@example.com>", "421 The service isn't available, try again later.").await;
    assert_eq!(client.hear().await, "");
}

#[tokio::test]
async fn a_paused_domain_holds_its_mail() {
    let (emulator, mut client) = logged_in(|builder| builder.paused_domain("example.com")).await;
    assert!(submit_one(&mut client, MAIL).await.starts_with("250 "));
    emulator.clock().advance(Duration::from_hours(1));
    assert_eq!(emulator.emails()[0].status(), EmailStatus::Queued);
}

#[tokio::test]
async fn the_inspection_says_how_a_mail_came() {
    let (emulator, mut client) = logged_in(|builder| builder).await;
    submit_one(&mut client, MAIL).await;
    crate::client::send(&emulator, &json!({})).await;
    crate::client::post(&emulator, "/v1/bulk-email", &json!([crate::client::message(&json!({}))])).await;
    let shown = get(&emulator, "/_emulator/emails").await.json();
    let vias: Vec<_> = shown.as_array().unwrap().iter().map(|email| email["via"].as_str().unwrap()).collect();
    assert_eq!(vias, ["smtp", "api", "bulk"]);
    let rows = get(&emulator, "/_emulator/mailbox?q=via:smtp").await.json();
    let found: Vec<_> = rows["rows"].as_array().unwrap().iter().map(|row| &row["via"]).collect();
    assert_eq!(found, [&json!("smtp")], "{rows}");
    let mail = get(&emulator, &format!("/_emulator/mailbox/{}", rows["rows"][0]["id"].as_str().unwrap())).await.json();
    let request = get(&emulator, &format!("/_emulator/requests/{}", mail["request"])).await.json();
    assert_eq!((&request["method"], &request["message_ids"][0]), (&json!("SMTP"), &mail["message_id"]), "{request}");
    assert!(request["body"].as_str().unwrap().starts_with(MAIL), "{request}");
    let answer = format!("Message queued as {}", mail["message_id"].as_str().unwrap());
    assert_eq!(request["answer"]["body"], answer.as_str(), "{request}");
}
