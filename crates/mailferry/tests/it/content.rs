//! Bodies, options and headers: where each field of a message goes.

use mailferry::Message;
use mailferry::message::{Key, SendAt};
use mailferry::transport::{ErrorKind, Feature};
use serde_json::json;

use crate::support::{basic, bodies, body, body_of, builder, lenient, message, refusal_of};

/// OPT-01, NET-01, NET-02, NET-03: the smallest message, whole.
#[tokio::test]
async fn the_smallest_request() {
    let requests = builder().build().unwrap().requests(&basic(json!({}))).await.unwrap();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://api.mailersend.com/v1/email"));
    let body = r#"{"from":{"email":"shop@mail.example"},"subject":"Hello","text":"Plain body","to":[{"email":"ann@one.example"}]}"#;
    assert_eq!(request.body, body);
    let header = |name: &str| request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("authorization"), Some("Bearer …"), "the token is not shown");
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("accept"), Some("application/json"));
    assert_eq!(header("user-agent"), Some(concat!("mailferry/", env!("CARGO_PKG_VERSION"), "-mailersend")));
}

/// OPT-01, OPT-05, HDR-15: what is empty or cleared is not sent.
#[tokio::test]
async fn empty_and_cleared_fields_are_not_sent() {
    let empty = json!({
        "cc": [], "bcc": [], "reply_to": [], "headers": {}, "attachments": [], "tags": [], "metadata": {},
        "merge_global_data": {}, "merge_metadata": {}, "esp_extra": {},
    });
    assert_eq!(body_of(empty).await, body_of(json!({})).await);
    let mut cleared =
        Message::builder().from("shop@mail.example").to("ann@one.example").subject("Hello").text("Plain body");
    for key in Key::ALL {
        if !matches!(key, Key::From | Key::To | Key::Subject | Key::Text) {
            cleared = cleared.without(*key);
        }
    }
    assert_eq!(body(&cleared.build().unwrap()).await, body_of(json!({})).await);
}

/// DEF-10: sender, subject and text may be left to a template.
#[tokio::test]
async fn a_template_may_bring_sender_and_subject() {
    let message =
        message(json!({"from": null, "to": ["ann@one.example"], "subject": null, "text": null, "template_id": "tpl"}));
    assert_eq!(body(&message).await, json!({"to": [{"email": "ann@one.example"}], "template_id": "tpl"}));
    // Nothing is missing as far as is documented, either.
    assert_eq!(builder().build().unwrap().check(&message).await.unwrap(), []);
}

/// BOD-01, BOD-02, BOD-03, BOD-04: a text, an HTML body, or both; neither is made from the other.
#[tokio::test]
async fn text_and_html() {
    let both = body_of(json!({"html": "<p>h</p>"})).await;
    assert_eq!((&both["text"], &both["html"]), (&json!("Plain body"), &json!("<p>h</p>")));
    let html = body_of(json!({"text": null, "html": "<p>h</p>"})).await;
    assert_eq!((html.get("text"), &html["html"]), (None, &json!("<p>h</p>")));
}

/// BOD-09: empty texts are sent as they are, but for a template, which they would get in the way of.
#[tokio::test]
async fn empty_texts_are_left_out_of_a_template() {
    let plain = body_of(json!({"subject": "", "text": ""})).await;
    assert_eq!((&plain["subject"], &plain["text"]), (&json!(""), &json!("")));
    let template = body_of(json!({"subject": "", "text": "", "html": "", "template_id": "tpl"})).await;
    assert_eq!(template.as_object().unwrap().keys().collect::<Vec<_>>(), ["from", "template_id", "to"]);
}

/// BOD-12, NET-04: text arrives as it was given.
#[tokio::test]
async fn text_is_not_changed() {
    let text = "Příliš — žluťoučký\r\nřádek\t\u{1}\u{2028}\"\\🐎\n";
    let sent = body_of(json!({"text": text, "html": text, "subject": "Žluťoučký \"kůň\" 🐎"})).await;
    assert_eq!(sent["text"], text);
    assert_eq!(sent["html"], text);
    assert_eq!(sent["subject"], "Žluťoučký \"kůň\" 🐎");
}

/// OPT-02: a time becomes Unix seconds; a date takes the configured zone.
#[tokio::test]
async fn times_become_unix_seconds() {
    for (value, expected) in [
        (json!("2030-03-04T05:06:07.999+06:00"), json!(1_898_809_567)),
        (json!("2030-07-01"), json!(1_909_119_600)),
        (json!(1_893_456_000.9), json!(1_893_456_000)),
        (json!(-1.5), json!(-1)),
        (json!(0), json!(0)),
    ] {
        let mailersend = lenient().time_zone("America/Los_Angeles".parse().unwrap()).build().unwrap();
        let sent = bodies(&mailersend, &basic(json!({"send_at": value}))).await.unwrap();
        assert_eq!(sent[0]["send_at"], expected, "{value}");
    }
    let built = Message::builder().to("ann@one.example").send_at(SendAt::unix(7).unwrap()).build().unwrap();
    assert_eq!(body(&built).await["send_at"], 7);
    for bad in [json!("tomorrow"), json!(1e300), json!("NaN"), json!(true)] {
        let error = Message::from_json(json!({"send_at": bad}).to_string().as_bytes()).unwrap_err();
        assert_eq!(error.problems()[0].path(), "send_at", "{bad}");
    }
}

/// OPT-03, OPT-04
#[tokio::test]
async fn tags_and_tracking() {
    let sent = body_of(json!({"tags": ["a", "b", "a"], "track_opens": true, "track_clicks": false})).await;
    assert_eq!(sent["tags"], json!(["a", "b", "a"]));
    assert_eq!(sent["settings"], json!({"track_opens": true, "track_clicks": false}));
    assert_eq!(body_of(json!({"track_opens": false})).await["settings"], json!({"track_opens": false}));
}

/// HDR-01, HDR-02: one address for answers, and the first of several when told to ignore the rest.
#[tokio::test]
async fn one_reply_to() {
    let one = body_of(json!({"reply_to": ["Help <help@mail.example>"]})).await;
    assert_eq!(one["reply_to"], json!({"email": "help@mail.example", "name": "Help"}));
    let two = json!({"reply_to": ["a@x.example", "b@x.example"]});
    let error = refusal_of(two.clone()).await;
    assert_eq!(error.to_string(), "MailerSend does not support multiple reply_to emails");
    let mailersend = lenient().ignore_unsupported_features(true).build().unwrap();
    let sent = bodies(&mailersend, &basic(two)).await.unwrap();
    assert_eq!(sent[0]["reply_to"], json!({"email": "a@x.example"}));
}

/// HDR-03: a Reply-To header takes the field's place; an empty one does not.
#[tokio::test]
async fn a_reply_to_header() {
    for (value, expected) in
        [("Ann <h@x.example>", json!({"email": "h@x.example", "name": "Ann"})), ("", json!({"email": "f@x.example"}))]
    {
        let sent = body_of(json!({"reply_to": ["f@x.example"], "headers": {"REPLY-TO": value}})).await;
        assert_eq!(sent["reply_to"], expected);
        assert_eq!(sent.get("headers"), None);
    }
    let error = refusal_of(json!({"headers": {"Reply-To": "nobody"}})).await;
    assert_eq!(error.kind(), ErrorKind::InvalidAddress);
    assert_eq!(error.problems()[0].path(), "headers.Reply-To");
    let error = refusal_of(json!({"headers": {"Reply-To": "a@x.example, b@x.example"}})).await;
    assert_eq!(error.features(), [Feature::MultipleReplyTo]);
}

/// HDR-04, HDR-05: a From header is the visible sender, and makes the other one the envelope's.
#[tokio::test]
async fn a_from_header() {
    let header = json!({"headers": {"from": "Visible <v@x.example>"}});
    assert_eq!(refusal_of(header.clone()).await.features(), [Feature::EnvelopeSender]);
    let mailersend = lenient().ignore_unsupported_features(true).build().unwrap();
    let sent = bodies(&mailersend, &basic(header)).await.unwrap();
    assert_eq!(sent[0]["from"], json!({"email": "v@x.example", "name": "Visible"}));
    let alone = body_of(json!({"from": null, "headers": {"From": "v@x.example"}})).await;
    assert_eq!(alone["from"], json!({"email": "v@x.example"}));
    assert_eq!(refusal_of(json!({"headers": {"From": "nobody"}})).await.problems()[0].path(), "headers.From");
}

/// HDR-06
#[tokio::test]
async fn a_to_header_is_an_attempt_to_show_somebody_else() {
    let error = refusal_of(json!({"headers": {"TO": "fake@x.example"}})).await;
    assert_eq!(error.to_string(), "MailerSend does not support spoofing `To` header");
}

/// HDR-07, HDR-08: two headers have fields of their own, whatever the account's plan is.
#[tokio::test]
async fn in_reply_to_and_precedence() {
    let mailersend = builder().build().unwrap();
    for (value, expected) in [
        ("<id@x.example>", "id@x.example"),
        ("id@x.example", "id@x.example"),
        ("<a@x.example> <b@x.example>", "<a@x.example> <b@x.example>"),
    ] {
        let sent = bodies(&mailersend, &basic(json!({"headers": {"in-reply-to": value}}))).await.unwrap();
        assert_eq!(sent[0]["in_reply_to"], expected);
    }
    for (value, expected) in
        [("bulk", true), ("List", true), ("JUNK", true), ("first-class", false), ("", false), (" bulk", false)]
    {
        let sent = bodies(&mailersend, &basic(json!({"headers": {"Precedence": value}}))).await.unwrap();
        assert_eq!(sent[0]["precedence_bulk"], expected, "{value:?}");
    }
}

/// HDR-10: other headers are refused unless the plan allows them; two of them have fields of their own then.
#[tokio::test]
async fn other_headers_need_a_plan() {
    let headers = json!({"headers": {
        "X-Campaign": "spring", "References": "<a@x.example>\t<b@x.example><c@x.example>", "List-Unsubscribe": "<https://x.example/u>",
    }});
    let error = builder().build().unwrap().requests(&basic(headers.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let names: Vec<_> = error.features().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["extra header `List-Unsubscribe`", "extra header `References`", "extra header `X-Campaign`"]);
    let sent = body_of(headers.clone()).await;
    assert_eq!(sent["headers"], json!([{"name": "X-Campaign", "value": "spring"}]));
    assert_eq!(sent["references"], json!(["a@x.example", "b@x.example", "c@x.example"]));
    assert_eq!(sent["list_unsubscribe"], "<https://x.example/u>");
    let ignoring = builder().ignore_unsupported_features(true).build().unwrap();
    assert_eq!(bodies(&ignoring, &basic(headers)).await.unwrap()[0], body_of(json!({})).await);
    let unicode = body_of(json!({"headers": {"X-Ünï": "Žluť"}})).await;
    assert_eq!(unicode["headers"], json!([{"name": "X-Ünï", "value": "Žluť"}]));
}

/// HDR-13: headers that mean a recipient or the subject elsewhere are findings.
#[tokio::test]
async fn headers_that_would_mislead_are_found() {
    let message = basic(json!({"headers": {"Bcc": "b@x.example", "cc": "c@x.example", "Subject": "other"}}));
    let mailersend = builder().custom_headers(true).build().unwrap();
    let error = mailersend.requests(&message).await.unwrap_err();
    let paths: Vec<_> = error.preflight().iter().map(|finding| finding.path().to_owned()).collect();
    assert_eq!(paths, ["headers.Bcc", "headers.Subject", "headers.cc"]);
    let sent = body_of(json!({"headers": {"Date": "x", "Sender": "s@x.example"}})).await;
    assert_eq!(sent["headers"].as_array().unwrap().len(), 2);
}

/// OPT-05, OPT-06, HDR-16, UNS-01, UNS-02, DEF-21: everything that is not supported, in one error, in order.
#[tokio::test]
async fn everything_unsupported_is_named_at_once() {
    let all = json!({
        "from": "a@x.example, b@x.example", "reply_to": ["c@x.example", "d@x.example"], "headers": {"To": "e@x.example"},
        "envelope_sender": "f@x.example", "metadata": {"k": "v"}, "merge_headers": {"ann@one.example": {"Reply-To": "g@x.example"}},
        "merge_metadata": {"ann@one.example": {"k": "v"}},
    });
    let error = refusal_of(all.clone()).await;
    let expected = [
        "multiple from emails",
        "multiple reply_to emails",
        "spoofing `To` header",
        "envelope_sender",
        "metadata",
        "merge_headers",
        "merge_metadata",
    ];
    assert_eq!(error.to_string(), format!("MailerSend does not support {}", expected.join(", ")));
    assert!(error.remedy().unwrap().contains("IGNORE_UNSUPPORTED_FEATURES"));
    assert_eq!(error.features().len(), expected.len());
    // UNS-03, ADR-10: told to ignore it, the first sender and answer address stay and the rest is left out.
    let mailersend = lenient().ignore_unsupported_features(true).build().unwrap();
    let sent = bodies(&mailersend, &basic(all)).await.unwrap();
    assert_eq!(
        sent[0],
        json!({
            "from": {"email": "a@x.example"}, "reply_to": {"email": "c@x.example"}, "subject": "Hello", "text": "Plain body",
            "to": [{"email": "ann@one.example"}],
        })
    );
}

/// OPT-06: an envelope sender is looked at even where it would be left out.
#[test]
fn a_wrong_envelope_sender_is_refused_in_any_case() {
    for wrong in ["nobody", "b@x.example, c@x.example", ""] {
        let error = Message::builder().envelope_sender(wrong).build().unwrap_err();
        assert_eq!(error.problems()[0].path(), "envelope_sender");
        assert!(error.has_invalid_address());
    }
}

/// UNS-03, UNS-04: what was left out is listed, and a cleared field asks for nothing.
#[tokio::test]
async fn cleared_features_are_not_asked_for() {
    let nothing = json!({"merge_headers": null, "metadata": null, "envelope_sender": null, "merge_metadata": null});
    assert_eq!(body_of(nothing).await, body_of(json!({})).await);
}

/// OPT-08, EXT-01, EXT-02, EXT-03: the service's own parameters lie over everything, objects at every depth.
#[tokio::test]
async fn own_parameters_lie_over_the_request() {
    let sent = body_of(json!({
        "track_clicks": true, "tags": ["a"], "cc": ["c@x.example"],
        "esp_extra": {
            "settings": {"track_content": false}, "tags": ["b"], "from": {"name": "New"}, "language": "cs", "in_reply_to": null,
            "cc": [{"email": "other@x.example"}],
        },
    }))
    .await;
    assert_eq!(
        sent,
        json!({
            "from": {"email": "shop@mail.example", "name": "New"}, "to": [{"email": "ann@one.example"}], "subject": "Hello",
            "text": "Plain body", "settings": {"track_clicks": true, "track_content": false}, "tags": ["b"], "language": "cs",
            "in_reply_to": null, "cc": [{"email": "other@x.example"}],
        })
    );
}

/// EXT-08, MRG-10: what must be an object is refused where it is not, with its place.
#[test]
fn data_of_the_wrong_kind_is_refused() {
    for (fields, path) in [
        (json!({"esp_extra": [1]}), "esp_extra"),
        (json!({"merge_data": {"ann@one.example": "Ann"}}), "merge_data.ann@one.example"),
        (json!({"merge_data": []}), "merge_data"),
        (json!({"merge_global_data": "x"}), "merge_global_data"),
        (json!({"metadata": 1}), "metadata"),
        (json!({"headers": {"X": [1]}}), "headers.X"),
        (json!({"merge_headers": {"ann@one.example": {"X": ["1"]}}}), "merge_headers.ann@one.example.X"),
        (json!({"merge_headers": {"ann@one.example": []}}), "merge_headers.ann@one.example"),
    ] {
        let error = Message::from_json(fields.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.problems()[0].path(), path, "{fields}");
    }
}

/// DEF-22, DEF-23: built in one call, in steps, or read: the same message.
#[test]
fn however_it_is_made_a_message_is_the_same() {
    let read = basic(json!({"tags": ["t"], "cc": ["Bob <bob@two.example>"]}));
    let begun = Message::builder().from("shop@mail.example").to("ann@one.example").subject("Hello").build().unwrap();
    let steps = begun.edit().text("Plain body").cc(("Bob", "bob@two.example")).tag(String::from("t")).build().unwrap();
    assert_eq!(read, steps);
}
