//! Every rule is broken once, and what is said then is compared with sentences written down here.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailferry_emulator::{AccountState, Builder, Plan, Template};
use serde_json::{Value, json};

use crate::client::{Answer, call, post, send, started};

/// A change to a valid message, and what is said about it: the rule, the change, the key and the sentence.
type Case = (&'static str, Value, &'static str, &'static str);

const START: i64 = 1_772_359_200;
const ADDRESSES: &str = "One or more emails in the variables field do not exist in the recipients field. #MS42217";

fn file(name: &str, content: &[u8]) -> Value {
    json!([{"filename": name, "content": STANDARD.encode(content), "disposition": "attachment"}])
}

/// 25 MiB and so many bytes more, written down as the base64 of many `x`.
fn large(more: usize) -> Value {
    let end = ["eA==", "eHg="][more];
    json!([{"filename": "a.txt", "content": "eHh4".repeat(25 * 1024 * 1024 / 3) + end}])
}

fn people(count: usize) -> Value {
    (0..count).map(|i| json!({"email": format!("p{i}@example.org")})).collect()
}

fn data(data: impl Into<Value>) -> Value {
    json!([{"email": "ann@example.org", "data": data.into()}])
}

fn long(count: usize) -> String {
    "x".repeat(count)
}

#[rustfmt::skip] // a table: one line a case
fn cases() -> Vec<Case> {
    let ann = |item: Value| json!([item]);
    let personal = |field: &str| json!({field: "{{ name", "personalization": data(json!({"name": "Ann"}))});
    vec![
        ("from.email.required", json!({"from": {"name": "Shop"}}), "from.email", "The from.email field is required. #MS42209"),
        ("from.email.valid", json!({"from": {"email": "shop"}}), "from.email", "The from.email must be a valid email address. #MS42208"),
        ("from.name.string", json!({"from": {"email": "a@example.com", "name": 7}}), "from.name", "The from.name must be a string. #MS42221"),
        ("to.required", json!({"to": []}), "to", "The to field is required. #MS42209"),
        ("to.array", json!({"to": "ann@example.org"}), "to", "The to must be an array."),
        ("to.limit", json!({"to": people(51)}), "to", "The to recipient limit is exceeded. #MS42205"),
        ("to.email.required", json!({"to": ["ann@example.org"]}), "to.0.email", "The to.0.email field is required. #MS42209"),
        ("to.email.valid", json!({"to": [{"email": "ann"}]}), "to.0.email", "The to.0.email must be a valid email address. #MS42208"),
        ("to.email.unique", json!({"to": [{"email": "a@b.example"}, {"email": "A@b.example"}]}), "to.1.email", "A@b.example is duplicated in the to recipients list. #MS42201"),
        ("to.name.string", json!({"to": [{"email": "a@b.example", "name": []}, {"email": "c@b.example", "name": {"a": 1}}]}), "to.1.name", "The to.1.name must be a string. #MS42221"),
        ("to.name.separators", json!({"to": [{"email": "a@b.example", "name": "Doe, Ann"}]}), "to.0.name", "The to.0.name format is invalid."),
        ("cc.array", json!({"cc": {"email": "a@b.example"}}), "cc", "The cc must be an array."),
        ("cc.limit", json!({"cc": people(11)}), "cc", "The cc recipient limit is exceeded. #MS42205"),
        ("cc.email.required", json!({"cc": [{}]}), "cc.0.email", "The cc.0.email field is required. #MS42209"),
        ("cc.email.valid", json!({"cc": [{"email": "ä@example.org"}]}), "cc.0.email", "The cc.0.email must be a valid email address. #MS42208"),
        ("cc.email.unique", json!({"cc": [{"email": "a@b.example"}, {"email": "a@b.example"}]}), "cc.1.email", "a@b.example is duplicated in the cc recipients list. #MS42201"),
        ("cc.name.string", json!({"cc": [{"email": "a@b.example", "name": 1}]}), "cc.0.name", "The cc.0.name must be a string. #MS42221"),
        ("cc.name.separators", json!({"cc": [{"email": "a@b.example", "name": "a;b"}]}), "cc.0.name", "The cc.0.name format is invalid."),
        ("bcc.array", json!({"bcc": true}), "bcc", "The bcc must be an array."),
        ("bcc.limit", json!({"bcc": people(11)}), "bcc", "The bcc recipient limit is exceeded. #MS42205"),
        ("bcc.email.required", json!({"bcc": [null]}), "bcc.0.email", "The bcc.0.email field is required. #MS42209"),
        ("bcc.email.valid", json!({"bcc": [{"email": "a@"}]}), "bcc.0.email", "The bcc.0.email must be a valid email address. #MS42208"),
        ("bcc.email.unique", json!({"bcc": [{"email": "a@b.example"}, {"email": "c@b.example"}, {"email": "a@b.example"}]}), "bcc.2.email", "a@b.example is duplicated in the bcc recipients list. #MS42201"),
        ("bcc.name.string", json!({"bcc": [{"email": "a@b.example", "name": false}]}), "bcc.0.name", "The bcc.0.name must be a string. #MS42221"),
        ("bcc.name.separators", json!({"bcc": [{"email": "a@b.example", "name": "a,b"}]}), "bcc.0.name", "The bcc.0.name format is invalid."),
        ("reply_to.email.required", json!({"reply_to": [{"email": "a@b.example"}]}), "reply_to.email", "The reply_to.email field is required. #MS42209"),
        ("reply_to.email.valid", json!({"reply_to": {"email": "a b@example.org"}}), "reply_to.email", "The reply_to.email must be a valid email address. #MS42208"),
        ("reply_to.name.string", json!({"reply_to": {"email": "a@b.example", "name": 1}}), "reply_to.name", "The reply_to.name must be a string. #MS42221"),
        ("subject.required", json!({"subject": ""}), "subject", "The subject field is required. #MS42209"),
        ("subject.string", json!({"subject": 1}), "subject", "The subject must be a string. #MS42221"),
        ("subject.length", json!({"subject": long(999)}), "subject", "The subject must not be greater than 998 characters."),
        ("subject.compiles", personal("subject"), "subject", "The value you provided in subject failed to compile. Please check the submitted text/html. #MS42213"),
        ("content.required", json!({"text": null}), "text", "You must provide one of html, text or template_id. #MS42211"),
        ("text.string", json!({"text": ["a"]}), "text", "The text must be a string. #MS42221"),
        ("text.size", json!({"text": long(2 * 1024 * 1024 + 1)}), "text", "The text must not be greater than 2097152 characters."),
        ("text.compiles", personal("text"), "text", "The value you provided in text failed to compile. Please check the submitted text/html. #MS42213"),
        ("html.string", json!({"html": 1}), "html", "The html must be a string. #MS42221"),
        ("html.size", json!({"html": long(2 * 1024 * 1024 + 1)}), "html", "The html must not be greater than 2097152 characters."),
        ("html.compiles", personal("html"), "html", "The value you provided in html failed to compile. Please check the submitted text/html. #MS42213"),
        ("template_id.string", json!({"template_id": 12}), "template_id", "The template id must be a string. #MS42221"),
        ("language.known", json!({"template_id": "0r83ql3jjz4zw1jm", "language": "tlh"}), "language", "The selected language is invalid."),
        ("attachments.array", json!({"attachments": "a"}), "attachments", "The attachments must be an array."),
        ("attachments.content.required", json!({"attachments": [{"filename": "a.txt"}]}), "attachments.0.content", "The attachments.0.content field is required. #MS42209"),
        ("attachments.content.base64", json!({"attachments": [{"filename": "a.txt", "content": "not base64!"}]}), "attachments.0.content", "The attachment content must be a Base64 encoded string. #MS42215"),
        ("attachments.content.size", json!({"attachments": large(1)}), "attachments.0.content", "The attachments.0.content size exceeds the threshold of 25 MB. #MS42206"),
        ("attachments.filename.required", json!({"attachments": [{"content": "aGk="}]}), "attachments.0.filename", "The attachments.0.filename field is required. #MS42209"),
        ("attachments.filename.string", json!({"attachments": [{"content": "aGk=", "filename": 1}]}), "attachments.0.filename", "The attachments.0.filename must be a string. #MS42221"),
        ("attachments.filename.type", json!({"attachments": file("a.exe", b"hi")}), "attachments.0.filename", "This file type is not supported. #MS42210"),
        ("attachments.filename.matches", json!({"attachments": file("a.png", b"GIF89a....")}), "attachments.0.filename", "Could not validate the attached file. Filename and attached file does not match. #MS42202"),
        ("attachments.disposition.known", json!({"attachments": [{"filename": "a.txt", "content": "aGk=", "disposition": "x"}]}), "attachments.0.disposition", "The selected attachments.0.disposition is invalid."),
        ("attachments.id.string", json!({"attachments": [{"filename": "a.txt", "content": "aGk=", "id": 1}]}), "attachments.0.id", "The attachments.0.id must be a string. #MS42221"),
        ("tags.array", json!({"tags": "a"}), "tags", "The tags must be an array."),
        ("tags.count", json!({"tags": ["1", "2", "3", "4", "5", "6"]}), "tags", "The tags must not have more than 5 items."),
        ("tags.string", json!({"tags": ["a", 2]}), "tags.1", "The tags.1 must be a string. #MS42221"),
        ("tags.length", json!({"tags": [long(192)]}), "tags.0", "The tags.0 must not be greater than 191 characters."),
        ("personalization.array", json!({"personalization": "a"}), "personalization", "The personalization must be an array."),
        ("personalization.addresses", json!({"personalization": [{"email": "eve@example.org", "data": {}}]}), "personalization", ADDRESSES),
        ("personalization.email.required", json!({"personalization": ann(json!({"data": {"a": 1}}))}), "personalization.0.email", "The personalization.0.email field is required. #MS42209"),
        ("personalization.email.valid", json!({"personalization": ann(json!({"email": "ann", "data": {}}))}), "personalization.0.email", "The personalization.0.email must be a valid email address. #MS42208"),
        ("personalization.data.required", json!({"personalization": ann(json!({"email": "ann@example.org"}))}), "personalization.0.data", "The personalization.0.data field is required. #MS42209"),
        ("personalization.data.object", json!({"personalization": data(json!("a"))}), "personalization.0.data", "The personalization.0.data must be an array."),
        ("personalization.data.dots", json!({"personalization": data(json!({"a.b": 1, "c.d": 2, "e": 3}))}), "personalization.0.data", "The personalization.0.data contains array keys with dot notation: a.b, c.d"),
        ("personalization.data.reserved", json!({"personalization": data(json!({"unsubscribe": 1}))}), "personalization.0.data", "You have used an app reserved variable. Please use another variable #MS42214"),
        ("variables.array", json!({"variables": "a"}), "variables", "The variables must be an array."),
        ("variables.addresses", json!({"variables": [{"email": "eve@example.org", "substitutions": []}]}), "variables", ADDRESSES),
        ("precedence_bulk.boolean", json!({"precedence_bulk": "yes"}), "precedence_bulk", "The precedence bulk field must be true or false."),
        ("send_at.unix", json!({"send_at": "2026-03-01 10:00:00"}), "send_at", "The send_at timestamp does not match the Unix format #MS42218"),
        ("send_at.future", json!({"send_at": START - 1}), "send_at", "The send_at must be a date in the future. #MS42219"),
        ("send_at.window", json!({"send_at": START + 72 * 3600 + 1}), "send_at", "The send_at must be a date before or equal to 2026-03-04 10:00:00."),
        ("in_reply_to.string", json!({"in_reply_to": 1}), "in_reply_to", "The in reply to must be a string. #MS42221"),
        ("in_reply_to.length", json!({"in_reply_to": long(999)}), "in_reply_to", "The in reply to must not be greater than 998 characters."),
        ("references.array", json!({"references": "<a@b>"}), "references", "The references must be an array."),
        ("references.string", json!({"references": [1]}), "references.0", "The references.0 must be a string. #MS42221"),
        ("settings.object", json!({"settings": "a"}), "settings", "The settings must be an array."),
        ("settings.track_clicks.boolean", json!({"settings": {"track_clicks": "on"}}), "settings.track_clicks", "The settings.track_clicks field must be true or false."),
        ("settings.track_opens.boolean", json!({"settings": {"track_opens": 2}}), "settings.track_opens", "The settings.track_opens field must be true or false."),
        ("settings.track_content.boolean", json!({"settings": {"track_content": [1]}}), "settings.track_content", "The settings.track_content field must be true or false."),
        ("headers.array", json!({"headers": "a"}), "headers", "The headers must be an array."),
        ("headers.name.required", json!({"headers": [{"value": "b"}]}), "headers.0.name", "The headers.0.name field is required. #MS42209"),
        ("headers.name.characters", json!({"headers": [{"name": "X_A", "value": "b"}]}), "headers.0.name", "The headers.0.name may only contain alphanumeric characters and hyphens. #MS42220"),
        ("headers.value.required", json!({"headers": [{"name": "X-A"}]}), "headers.0.value", "The headers.0.value field is required. #MS42209"),
        ("headers.value.string", json!({"headers": [{"name": "X-A", "value": 1}]}), "headers.0.value", "The headers.0.value must be a string. #MS42221"),
        ("list_unsubscribe.string", json!({"list_unsubscribe": 1}), "list_unsubscribe", "The list unsubscribe must be a string. #MS42221"),
        ("list_unsubscribe.length", json!({"list_unsubscribe": long(991)}), "list_unsubscribe", "The list unsubscribe must not be greater than 990 characters."),
    ]
}

type SetUp = fn(Builder) -> Builder;

/// Rules that depend on the account.
#[rustfmt::skip] // a table: one line a case
fn account_cases() -> Vec<(SetUp, Case)> {
    let plan = "This feature requires a Hobby plan or higher. Upgrade to use it. #MS42216";
    vec![
        (|b| b.verified_domains(["example.net"]), ("from.email.verified", json!({}), "from.email", "The from.email domain must be verified in your account to send emails. #MS42207")),
        (|b| b.templates([Template::new("0r83ql3jjz4zw1jm")]), ("template_id.exists", json!({"template_id": "0r83ql3jjz4zw1jn"}), "template_id", "The selected template id is invalid.")),
        (|b| b.account(AccountState::EmailQuotaReached), ("account.email_quota", json!({}), "from.email", "Your account reached its email quota limit. Contact support to increase it. #MS42204")),
        (|b| b.account(AccountState::TrialQuotaReached), ("account.trial_quota", json!({}), "from.email", "Your trial domain reached its email quota limit. #MS42222")),
        (|b| b.account(AccountState::TrialRecipientsReached), ("account.trial_recipients", json!({}), "to", "You have reached the trial domain unique recipients limit. #MS42225")),
        (|b| b.account(AccountState::TemplateDomainUnverified), ("account.template_domain", json!({"template_id": "0r83ql3jjz4zw1jm"}), "template_id", "Your default template domain must be verified in your account to send emails. #MS42226")),
        (|b| b.custom_headers(false), ("headers.plan", json!({"headers": [{"name": "X-A", "value": "b"}]}), "headers", plan)),
        (|b| b.plan(Plan::Trial), ("in_reply_to.plan", json!({"in_reply_to": "a@b"}), "in_reply_to", plan)),
        (|b| b.plan(Plan::Trial), ("references.plan", json!({"references": ["a@b"]}), "references", plan)),
        (|b| b.custom_headers(false), ("list_unsubscribe.plan", json!({"list_unsubscribe": "<https://example.com>"}), "list_unsubscribe", plan)),
    ]
}

/// Rules of other endpoints: rule, method, path, body, key and sentence.
type Elsewhere = (&'static str, &'static str, &'static str, Value, &'static str, &'static str);

#[rustfmt::skip] // a table: one line a case
fn other_cases() -> Vec<Elsewhere> {
    let block = "/v1/suppressions/blocklist";
    let bounces = "/v1/suppressions/hard-bounces";
    vec![
        ("blocklist.domain.known", "POST", block, json!({"domain_id": "nonsense", "recipients": ["a@b.example"]}), "domain_id", "The selected domain id is invalid."),
        ("blocklist.recipients.required", "POST", block, json!({}), "recipients", "The recipients field is required when patterns is not present."),
        ("blocklist.recipients.array", "POST", block, json!({"recipients": "a@b.example"}), "recipients", "The recipients must be an array."),
        ("blocklist.recipients.valid", "POST", block, json!({"recipients": ["a"]}), "recipients.0", "The recipients.0 must be a valid email address. #MS42208"),
        ("blocklist.patterns.array", "POST", block, json!({"patterns": ".*"}), "patterns", "The patterns must be an array."),
        ("blocklist.patterns.string", "POST", block, json!({"patterns": [1]}), "patterns.0", "The patterns.0 must be a string. #MS42221"),
        ("blocklist.patterns.valid", "POST", block, json!({"patterns": ["("]}), "patterns.0", "The patterns.0 format is invalid."),
        ("list.domain.required", "POST", bounces, json!({"domain_id": "nonsense", "recipients": ["a@b.example"]}), "domain_id", "The domain id field is required. #MS42209"),
        ("list.domain.known", "POST", bounces, json!({"domain_id": "0r83ql3jjz4zw1jm", "recipients": ["a@b.example"]}), "domain_id", "The selected domain id is invalid."),
        ("list.recipients.required", "POST", bounces, json!({}), "recipients", "The recipients field is required. #MS42209"),
        ("list.recipients.array", "POST", bounces, json!({"recipients": 1}), "recipients", "The recipients must be an array."),
        ("list.recipients.valid", "POST", bounces, json!({"recipients": ["a"]}), "recipients.0", "The recipients.0 must be a valid email address. #MS42208"),
        ("delete.ids.required", "DELETE", block, json!({}), "ids", "The ids field is required. #MS42209"),
        ("delete.ids.array", "DELETE", block, json!({"ids": "a"}), "ids", "The ids must be an array."),
        ("delete.ids.known", "DELETE", block, json!({"ids": ["67618140bf85c862710f2c5a"]}), "ids.0", "The selected ids.0 is invalid."),
        ("page.page.integer", "GET", "/v1/messages?page=x", json!(null), "page", "The page must be an integer."),
        ("page.page.min", "GET", "/v1/messages?page=0", json!(null), "page", "The page must be at least 1."),
        ("page.limit.integer", "GET", "/v1/messages?limit=x", json!(null), "limit", "The limit must be an integer."),
        ("page.limit.min", "GET", "/v1/messages?limit=9", json!(null), "limit", "The limit must be at least 10."),
        ("page.limit.max", "GET", "/v1/messages?limit=101", json!(null), "limit", "The limit must not be greater than 100."),
    ]
}

#[track_caller]
fn refused(answer: &Answer, rule: &str, key: &str, sentence: &str) {
    assert_eq!(answer.status, 422, "{rule}: {}", answer.text());
    let body = answer.json();
    let said = body["errors"][key].as_array().unwrap_or_else(|| panic!("{rule}: nothing under {key}: {body}"));
    assert!(said.contains(&json!(sentence)), "{rule}: {said:?}");
    assert!(body["message"].as_str().unwrap().len() > 5, "{rule}: {body}");
}

#[tokio::test]
async fn every_rule_about_fields_says_its_sentence() {
    let emulator = started(|builder| builder).await;
    for (rule, change, key, sentence) in cases() {
        refused(&send(&emulator, &change).await, rule, key, sentence);
    }
    for (rule, method, path, body, key, sentence) in other_cases() {
        refused(&call(&emulator, method, path, &body.to_string()).await, rule, key, sentence);
    }
    for (set_up, (rule, change, key, sentence)) in account_cases() {
        let emulator = started(set_up).await;
        refused(&send(&emulator, &change).await, rule, key, sentence);
        assert!(emulator.emails().is_empty(), "{rule}");
    }
    assert!(emulator.emails().is_empty());
}

#[test]
fn every_rule_has_a_case() {
    let fields = cases().into_iter().map(|case| case.0);
    let accounts = account_cases().into_iter().map(|case| case.1.0);
    let others = other_cases().into_iter().map(|case| case.0);
    let tested: BTreeSet<&str> = fields
        .chain(accounts)
        .chain(others)
        .chain(crate::route_rules::cases("").into_iter().map(|case| case.0))
        .chain(crate::refusals::EXPECTED.iter().map(|expected| expected.0))
        .chain(crate::webhook_api::cases().into_iter().map(|case| case.0))
        .chain(crate::account::cases("").into_iter().map(|case| case.0))
        .chain(crate::activity::CASES.iter().map(|case| case.0))
        .chain(crate::templates::cases().into_iter().map(|case| case.0))
        .chain(crate::templates::ELSEWHERE.iter().copied())
        .chain([crate::webhook_api::TOO_MANY])
        .chain(crate::plans::RULES.iter().copied())
        .chain(crate::smtp_users::cases().into_iter().map(|case| case.0))
        .collect();
    let rules: BTreeSet<&str> = mailferry_emulator::rules().map(|rule| rule.id).collect();
    assert_eq!(rules.difference(&tested).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules without a case");
    assert_eq!(tested.difference(&rules).collect::<Vec<_>>(), Vec::<&&str>::new(), "cases without a rule");
}

#[tokio::test]
async fn what_is_just_within_the_rules_is_accepted() {
    let emulator = started(|builder| builder).await;
    let accepted = [
        json!({"to": people(50), "cc": people(10), "bcc": people(10)}),
        json!({"subject": "ä".repeat(998)}),
        json!({"text": long(2 * 1024 * 1024)}),
        json!({"attachments": large(0)}),
        json!({"attachments": file("photo.JPEG", b"\xff\xd8\xff\xe0")}),
        json!({"attachments": [{"filename": "a.txt", "content": "aGVs\r\nbG8="}]}),
        json!({"tags": ["1", "2", "3", "4", &long(191)]}),
        json!({"personalization": data(json!({}))}),
        json!({"send_at": START}),
        json!({"send_at": START + 72 * 3600}),
        json!({"settings": {"track_clicks": true, "track_opens": 0, "track_content": "1"}}),
        json!({"template_id": "0r83ql3jjz4zw1jm", "subject": null, "text": null, "from": null, "language": "pt-BR"}),
        json!({"reply_to": {"email": "a@b.example"}, "in_reply_to": "a@b", "references": ["a@b", "c@d"]}),
        json!({"headers": [{"name": "X-Order-2", "value": "ä"}], "list_unsubscribe": "<https://example.com/u>"}),
        json!({"something_unknown": {"a": [1]}}),
    ];
    for change in accepted {
        let answer = send(&emulator, &change).await;
        let shown: String = change.to_string().chars().take(200).collect();
        assert_eq!(answer.status, 202, "{shown}: {}", answer.text());
    }
}

#[tokio::test]
async fn all_errors_are_reported_in_the_order_of_the_rules() {
    let emulator = started(|builder| builder).await;
    let body = json!({"from": "shop@example.com", "to": ["ann@example.org"], "subject": "", "tags": "a"});
    let answer = post(&emulator, "/v1/email", &body).await;
    // Compared as text: order, escapes and spacing are part of the answer.
    let expected = concat!(
        r#"{"message":"The from.email field is required. #MS42209 (and 4 more errors)","errors":{"#,
        r#""from.email":["The from.email field is required. #MS42209"],"#,
        r#""to.0.email":["The to.0.email field is required. #MS42209"],"#,
        r#""subject":["The subject field is required. #MS42209"],"#,
        r#""text":["You must provide one of html, text or template_id. #MS42211"],"#,
        r#""tags":["The tags must be an array."]}}"#,
    );
    assert_eq!(answer.text(), expected);
}

#[tokio::test]
async fn one_more_error_is_singular() {
    let emulator = started(|builder| builder).await;
    let answer = send(&emulator, &json!({"subject": null, "text": null})).await;
    assert_eq!(answer.json()["message"], "The subject field is required. #MS42209 (and 1 more error)");
}

#[tokio::test]
async fn a_known_template_lends_its_defaults() {
    let template = Template::new("0r83ql3jjz4zw1jm").subject("Your order").from("shop@example.com");
    let emulator = started(|builder| builder.templates([template, Template::new("0r83ql3jjz4zw1jn")])).await;
    let bare = |id: &str| json!({"template_id": id, "from": null, "subject": null, "text": null});
    assert_eq!(send(&emulator, &bare("0r83ql3jjz4zw1jm")).await.status, 202);
    assert_eq!(emulator.emails()[0].subject(), "Your order");
    assert_eq!(emulator.messages()[0].from.as_ref().unwrap().email, "shop@example.com");
    let answer = send(&emulator, &bare("0r83ql3jjz4zw1jn")).await.json();
    let keys: Vec<_> = answer["errors"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["from.email", "subject"]);
    // An id that cannot be one counts as missing.
    let answer = send(&emulator, &bare("nonsense")).await.json();
    assert!(answer["errors"]["text"][0].as_str().unwrap().contains("#MS42211"), "{answer}");
}

#[tokio::test]
async fn subdomains_of_verified_domains_are_verified() {
    let emulator = started(|builder| builder.verified_domains(["Example.com"])).await;
    for (from, status) in [("a@example.com", 202), ("a@mail.EXAMPLE.com", 202), ("a@notexample.com", 422)] {
        assert_eq!(send(&emulator, &json!({"from": {"email": from}})).await.status, status, "{from}");
    }
}

#[tokio::test]
async fn duplicates_may_be_ignored() {
    let emulator = started(|builder| builder.ignore_duplicated_recipients(true)).await;
    let twice = json!({"to": [{"email": "a@b.example"}, {"email": "a@b.example"}]});
    assert_eq!(send(&emulator, &twice).await.status, 202);
}
