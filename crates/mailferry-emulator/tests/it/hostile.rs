//! Input that nobody should send.

use serde_json::json;

use crate::client::{TOKEN, call, get, head, message, raw, send, started};

#[tokio::test]
async fn a_body_may_be_sixty_megabytes() {
    let emulator = started(|builder| builder).await;
    let limit = 60 * 1024 * 1024;
    let announced = raw(emulator.address(), &head("POST", "/v1/email", TOKEN, limit + 1), b"").await.unwrap();
    assert_eq!(announced.status, 413);
    assert!(announced.text().contains("62914560 bytes"), "{}", announced.text());

    let chunked = head("POST", "/v1/email", TOKEN, 0).replace("content-length: 0", "transfer-encoding: chunked");
    let mut body = Vec::new();
    for _ in 0..61 {
        body.extend_from_slice(b"100000\r\n");
        body.resize(body.len() + 0x10_0000, b' ');
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    // The answer may be lost when the other side stops reading; the emulator goes on either way.
    if let Some(answer) = raw(emulator.address(), &chunked, &body).await {
        assert_eq!(answer.status, 413);
    }
    assert_eq!(emulator.requests().last().unwrap().status(), Some(413));
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
}

#[tokio::test]
async fn fifty_megabytes_of_bulk_are_worked_through() {
    let emulator = started(|builder| builder).await;
    let object = message(&json!({"text": "x".repeat(104 * 1024)})).to_string();
    let body = format!("[{}]", vec![object; 490].join(","));
    assert!(body.len() > 48 * 1024 * 1024);
    assert_eq!(call(&emulator, "POST", "/v1/bulk-email", &body).await.status, 202);
    assert_eq!(emulator.emails().len(), 490);
}

#[tokio::test]
async fn nonsense_is_refused_and_nothing_breaks() {
    let emulator = started(|builder| builder).await;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let many: String = format!("{{\"to\":[{}1]}}", "1,".repeat(1_000_000));
    let bodies = [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!(
            "{{\"personalization\":[{{\"email\":\"ann@example.org\",\"data\":{}1{}}}]}}",
            "{\"a\":".repeat(100),
            "}".repeat(100)
        ),
        many,
        "\u{0}".to_owned(),
        "{\"to\":{\"0\":{\"email\":1}},\"from\":[],\"subject\":{},\"text\":1e999,\"send_at\":-9e99}".to_owned(),
        format!("{{\"send_at\":{}}}", u64::MAX),
        format!("{{\"send_at\":\"{}\"}}", "9".repeat(1000)),
        "{\"from\":{\"email\":\"@\"},\"attachments\":[[],1,{\"filename\":\".\",\"content\":\"=\"}]}".to_owned(),
    ];
    for body in bodies {
        let answer = call(&emulator, "POST", "/v1/email", &body).await;
        let shown: String = body.chars().take(60).collect();
        assert!(matches!(answer.status, 400 | 422), "{shown}: {}", answer.status);
        assert!(answer.body.len() < 1024 * 1024, "{shown}: {} bytes", answer.body.len());
    }
    let mut invalid = message(&json!({})).to_string().into_bytes();
    invalid.extend_from_slice(b"\xff");
    let answer = raw(emulator.address(), &head("POST", "/v1/bulk-email", TOKEN, invalid.len()), &invalid).await;
    assert_eq!(answer.unwrap().json()["message"], "JSON contains a decoding error. #MS42228");
    for path in ["/v1/%00", "/v1//", "/v1/messages/%ff", "/v1/suppressions/../email", "/v1/messages?page=%ff&limit"] {
        let status = get(&emulator, path).await.status;
        assert!(matches!(status, 404 | 422 | 200 | 400), "{path}: {status}");
    }
    assert!(emulator.emails().is_empty());
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
}

#[tokio::test]
async fn bodies_that_would_be_huge_once_read_are_refused() {
    let emulator = started(|builder| builder).await;
    let objects = format!("[{}{{}}]", "{\"\":0},".repeat(1_000_000));
    assert_eq!(call(&emulator, "POST", "/v1/email", &objects).await.status, 400);
    let answer = call(&emulator, "POST", "/v1/bulk-email", &objects).await;
    assert_eq!(answer.json()["message"], "JSON contains a decoding error. #MS42228");
    assert_eq!(send(&emulator, &json!({})).await.status, 202);
}

/// Each of these addresses is compared with all before it.
#[tokio::test]
async fn many_addresses_twice_are_found() {
    let emulator = started(|builder| builder).await;
    let people: Vec<_> = (0..1_000).chain([3, 40]).map(|n| json!({"email": format!("R{n}@b.example")})).collect();
    let answer = send(&emulator, &json!({"to": people, "cc": people})).await;
    let errors = &answer.json()["errors"];
    for list in ["to", "cc"] {
        let sentence = format!("R40@b.example is duplicated in the {list} recipients list. #MS42201");
        assert_eq!(errors[format!("{list}.1001.email")], json!([sentence]));
        assert!(errors[format!("{list}.1000.email")].is_array());
    }
    assert_eq!(errors.as_object().unwrap().len(), 6, "{errors}");
}

#[tokio::test]
async fn templates_that_run_away_are_refused() {
    let emulator = started(|builder| builder).await;
    let personal = |text: String| json!({"text": text, "personalization": [{"email": "ann@example.org", "data": {"big": "x".repeat(1_000_000)}}]});
    for text in [
        "{% for a in 1..9999 %}".repeat(5) + &"{% endfor %}".repeat(5),
        "{% for a in 1..9999 %}{{ big }}{% endfor %}".to_owned(),
        "{{ ".to_owned() + &"big ~ ".repeat(50) + "big }}",
        "{{ big|replace({'x': big}) }}".to_owned(),
        "{{ ".to_owned() + &"(".repeat(5000) + "1" + &")".repeat(5000) + " }}",
    ] {
        let shown: String = text.chars().take(60).collect();
        let answer = send(&emulator, &personal(text)).await;
        assert_eq!(answer.status, 422, "{shown}");
        assert!(answer.text().contains("#MS42213"), "{shown}");
    }
}
