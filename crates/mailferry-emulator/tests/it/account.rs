//! Tokens and sender identities by the API.

use mailferry_emulator::{Emulator, Webhook};
use serde_json::{Value, json};

use crate::client::{Answer, TOKEN, call, get, head, message, post, raw, send, started};
use crate::receiver::Receiver;
use crate::route_rules::Case;

#[rustfmt::skip] // a table: one line a case
pub(crate) fn cases(domain: &str) -> Vec<Case> {
    let token = |change: Value| with(json!({"name": "Shop", "scopes": ["email_full"]}), &change);
    let identity = |change: Value| with(json!({"domain_id": domain, "name": "Shop", "email": "shop@free.example"}), &change);
    let made = |rule, body, key, sentence: &str| (rule, "POST", "/v1/token".to_owned(), token(body), key, sentence.to_owned());
    let added = |rule, body, key, sentence: &str| (rule, "POST", "/v1/identities".to_owned(), identity(body), key, sentence.to_owned());
    let id = "@token";
    let changed = |rule, path: &str, body, key, sentence: &str| (rule, "PUT", format!("/v1/token/{id}{path}"), body, key, sentence.to_owned());
    let long = |count| "x".repeat(count);
    vec![
        made("token.name.required", json!({"name": ""}), "name", "The name field is required. #MS42209"),
        made("token.name.string", json!({"name": 1}), "name", "The name must be a string. #MS42221"),
        made("token.name.length", json!({"name": long(51)}), "name", "The name must not be greater than 50 characters."),
        made("token.scopes.required", json!({"scopes": []}), "scopes", "The scopes field is required. #MS42209"),
        made("token.scopes.array", json!({"scopes": "email_full"}), "scopes", "The scopes must be an array."),
        made("token.scopes.known", json!({"scopes": ["email_full", "email_read"]}), "scopes.1", "The selected scopes.1 is invalid."),
        changed("token_change.name.required", "", json!({}), "name", "The name field is required. #MS42209"),
        changed("token_change.name.string", "", json!({"name": 7}), "name", "The name must be a string. #MS42221"),
        changed("token_change.name.length", "", json!({"name": long(51)}), "name", "The name must not be greater than 50 characters."),
        changed("token.status.required", "/settings", json!({}), "status", "The status field is required. #MS42209"),
        changed("token.status.known", "/settings", json!({"status": "paused"}), "status", "The selected status is invalid."),
        added("identity.domain_id.required", json!({"domain_id": "bogus"}), "domain_id", "The domain id field is required. #MS42209"),
        added("identity.domain_id.known", json!({"domain_id": "0r83ql3jjz4zw1jm"}), "domain_id", "The selected domain id is invalid."),
        added("identity.email.required", json!({"email": null}), "email", "The email field is required. #MS42209"),
        added("identity.email.valid", json!({"email": "shop"}), "email", "The email must be a valid email address. #MS42208"),
        added("identity.email.unique", json!({"email": "Taken@free.example"}), "email", "The email has already been taken."),
        added("identity.name.required", json!({"name": null}), "name", "The name field is required. #MS42209"),
        added("identity.name.string", json!({"name": 7}), "name", "The name must be a string. #MS42221"),
        added("identity.name.length", json!({"name": long(192)}), "name", "The name must not be greater than 191 characters."),
        added("identity.reply_to_email.valid", json!({"reply_to_email": "a b"}), "reply_to_email", "The reply to email must be a valid email address. #MS42208"),
        added("identity.reply_to_name.string", json!({"reply_to_name": 7}), "reply_to_name", "The reply to name must be a string. #MS42221"),
        added("identity.add_note.boolean", json!({"add_note": "yes"}), "add_note", "The add note field must be true or false."),
        added("identity.personal_note.string", json!({"personal_note": 7}), "personal_note", "The personal note must be a string. #MS42221"),
    ]
}

fn with(mut body: Value, change: &Value) -> Value {
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

async fn put(emulator: &Emulator, path: &str, body: &Value) -> Answer {
    call(emulator, "PUT", path, &body.to_string()).await
}

#[tokio::test]
async fn every_rule_says_its_sentence() {
    let emulator = started(|builder| builder).await;
    let domain = emulator.domain_id("example.com");
    let first = json!({"domain_id": domain, "name": "Taken", "email": "taken@free.example"});
    assert_eq!(post(&emulator, "/v1/identities", &first).await.status, 201);
    let token = make(&emulator, &["email_full"]).await["id"].as_str().unwrap().to_owned();
    for (rule, method, path, body, key, sentence) in cases(&domain) {
        let answer = call(&emulator, method, &path.replace("@token", &token), &body.to_string()).await;
        assert_eq!(answer.status, 422, "{rule}: {}", answer.text());
        let errors = answer.json()["errors"].clone();
        assert!(errors[key].as_array().is_some_and(|said| said.contains(&json!(sentence))), "{rule}: {errors}");
    }
}

async fn make(emulator: &Emulator, scopes: &[&str]) -> Value {
    let answer = post(emulator, "/v1/token", &json!({"name": "Shop", "scopes": scopes, "domain_id": "bogus"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].clone()
}

/// The statuses of a mail and of a list of tokens, asked for with `token`.
async fn with_token(emulator: &Emulator, token: &str) -> [u16; 2] {
    let body = message(&json!({})).to_string();
    let mail = raw(emulator.address(), &head("POST", "/v1/email", token, body.len()), body.as_bytes()).await.unwrap();
    let list = raw(emulator.address(), &head("GET", "/v1/token", token, 0), b"").await.unwrap();
    [mail.status, list.status]
}

#[tokio::test]
async fn a_made_token_works_within_its_scopes_until_it_is_paused_or_deleted() {
    let emulator = started(|builder| builder).await;
    let made = make(&emulator, &["email_full", "email_full"]).await;
    let (id, secret) = (made["id"].as_str().unwrap(), made["accessToken"].as_str().unwrap());
    assert!(id.len() == 80 && secret.starts_with("mlsn.") && !id.contains(&secret[5..15]), "{made}");
    assert_eq!(with_token(&emulator, secret).await, [202, 403]);
    let path = format!("/v1/token/{id}");
    let paused = put(&emulator, &format!("{path}/settings"), &json!({"status": "pause"})).await;
    // As recorded, member by member.
    let expected = format!(
        r#"{{"data":{{"id":"{id}","name":"Shop","status":"pause","created_at":"2026-03-01T10:00:00.000000Z","scopes":["email_full"],"domain":null}}}}"#
    );
    assert_eq!((paused.status, paused.text()), (200, &*expected));
    assert_eq!(with_token(&emulator, secret).await, [401, 401]);
    put(&emulator, &format!("{path}/settings"), &json!({"status": "unpause"})).await;
    assert_eq!(with_token(&emulator, secret).await, [202, 403]);
    assert_eq!(put(&emulator, &path, &json!({"name": "Other"})).await.json()["data"]["name"], "Other");
    assert_eq!(get(&emulator, &path).await.json()["data"]["name"], "Other");
    let deleted = call(&emulator, "DELETE", &path, "").await;
    assert_eq!(
        (deleted.status, deleted.text(), deleted.header("content-type")),
        (200, "", Some("text/html; charset=UTF-8"))
    );
    assert_eq!(with_token(&emulator, secret).await, [401, 401]);
    assert_eq!(get(&emulator, &path).await.status, 404);
}

#[tokio::test]
async fn tokens_are_shown_as_recorded() {
    let emulator = started(|builder| builder).await;
    let domain = emulator.domain_id("example.com");
    let wanted = json!({"name": "Test Token", "domain_id": domain, "scopes": ["email_full", "domains_read"]});
    let made = post(&emulator, "/v1/token", &wanted).await;
    let keys: Vec<_> = made.json()["data"].as_object().unwrap().keys().cloned().collect();
    let mut expected = vec![
        "id",
        "accessToken",
        "name",
        "created_at",
        "scopes",
        "has_full",
        "has_only_sending",
        "domain",
        "preview",
        "expires_at",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(made.json()["data"]["domain"]["id"], json!(domain));
    let list = get(&emulator, "/v1/token?limit=10").await.json();
    assert_eq!(list["data"][0]["scopes"].as_array().unwrap().len(), 18, "{list}");
    assert_eq!(list["data"][1]["domain"]["name"], "example.com");
    // The secret is told once.
    assert!(!list.to_string().contains(TOKEN) && !list.to_string().contains("mlsn."), "{list}");
    let first = format!("{}token?limit=10&page=1", emulator.url());
    assert_eq!(list["links"]["first"], json!(first));
    assert_eq!(list["meta"]["links"][1], json!({"url": first, "label": "1", "page": 1, "active": true}));
    assert_eq!(
        get(&emulator, "/v1/token").await.json()["links"]["first"],
        json!(format!("{}token?page=1", emulator.url()))
    );
}

#[tokio::test]
async fn the_token_given_at_the_start_can_be_paused_too() {
    let emulator = started(|builder| builder.token("mlsn.second")).await;
    let list = get(&emulator, "/v1/token").await.json();
    let path = format!("/v1/token/{}/settings", list["data"][1]["id"].as_str().unwrap());
    assert_eq!(with_token(&emulator, "mlsn.second").await, [202, 200]);
    assert_eq!(put(&emulator, &path, &json!({"status": "pause"})).await.status, 200);
    assert_eq!(with_token(&emulator, "mlsn.second").await, [401, 401]);
}

#[tokio::test]
async fn mail_comes_from_a_verified_identity_of_any_domain() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| {
        builder
            .verified_domains(["example.com"])
            .webhook(Webhook::new(&receiver.url).events(["sender_identity.verified"]))
    })
    .await;
    let from = json!({"from": {"email": "Ann@free.example"}});
    assert_eq!(send(&emulator, &from).await.status, 422);
    let wanted = json!({
        "domain_id": emulator.domain_id("example.com"), "name": "Ann", "email": "ann@free.example",
        "reply_to_email": "r@free.example", "add_note": true, "personal_note": "Hi",
    });
    let added = post(&emulator, "/v1/identities", &wanted).await;
    assert_eq!((added.status, &added.json()["data"]["is_verified"]), (201, &json!(false)));
    assert!(send(&emulator, &from).await.text().contains("#MS42207"));
    assert!(!emulator.verify_identity("eve@free.example"));
    let id = added.json()["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(post(&emulator, &format!("/_emulator/identities/{id}/verify"), &json!({})).await.status, 204);
    assert!(emulator.verify_identity("ann@free.example"));
    assert_eq!(send(&emulator, &from).await.status, 202);
    assert_eq!(send(&emulator, &json!({"from": {"email": "bob@free.example"}})).await.status, 422);
    emulator.settled().await;
    let told = receiver.events();
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = json!({
        "object": "sender_identity", "id": id, "email": "ann@free.example", "name": "Ann", "reply_to_email": "r@free.example",
        "reply_to_name": null, "is_verified": true, "resends": 0, "add_note": true, "personal_note": "Hi",
    });
    assert_eq!(told[0]["data"], expected);
    let shown = get(&emulator, "/_emulator/identities").await.json();
    assert_eq!(shown, json!([{"id": id, "email": "ann@free.example", "verified": true}]));
}

#[tokio::test]
async fn identities_live_and_end() {
    let emulator = started(|builder| builder).await;
    let domain = emulator.domain_id("example.com");
    for email in ["b+1@free.example", "a@free.example"] {
        let wanted = json!({"domain_id": domain, "name": email, "email": email});
        assert_eq!(post(&emulator, "/v1/identities", &wanted).await.status, 201);
    }
    let list = async |query: &str| {
        let found = get(&emulator, &format!("/v1/identities{query}")).await.json();
        let emails: Vec<String> =
            found["data"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect();
        (emails.join(" "), found["meta"]["total"].as_u64().unwrap())
    };
    assert_eq!(list("").await, ("b+1@free.example a@free.example".to_owned(), 2));
    assert_eq!(list("?order_by=email").await.0, "a@free.example b+1@free.example");
    assert_eq!(list("?order_by=email&order=desc&query=b").await.0, "b+1@free.example");
    assert_eq!(list("?domain_id=0r83ql3jjz4zw1jm").await.1, 0);
    let by_email = get(&emulator, "/v1/identities/email/b+1@free.example").await.json();
    let id = by_email["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(get(&emulator, "/v1/identities/email/b%2B1%40free.example").await.json(), by_email);
    let changed = put(&emulator, &format!("/v1/identities/{id}"), &json!({"reply_to_name": "Bob"})).await.json();
    assert_eq!(
        (&changed["data"]["name"], &changed["data"]["reply_to_name"]),
        (&json!("b+1@free.example"), &json!("Bob"))
    );
    let resent = post(&emulator, &format!("/v1/identities/{id}/resend"), &json!({})).await.json();
    assert_eq!(resent["data"]["resends"], 1);
    assert_eq!(call(&emulator, "DELETE", "/v1/identities/email/b+1@free.example", "").await.status, 204);
    assert_eq!(
        call(&emulator, "DELETE", &format!("/v1/identities/{id}"), "").await.header("x-apiquota-remaining"),
        None
    );
    // By address it is looked for later, when quotas are written already (recorded).
    let gone = call(&emulator, "DELETE", "/v1/identities/email/b+1@free.example", "").await;
    assert_eq!((gone.status, gone.header("x-apiquota-remaining")), (404, Some("-1")));
}
