//! Whether an account is set up as it should be: each thing that can be wrong is found, with what to do about it.

use mailferry::mailersend::asking::{Checkup, CheckupOptions, Level};
use serde_json::{Value, json};

use crate::capture::{Answer, Capture};
use crate::support::to;

const SECRET: &str = "0123456789abcdefABCDEF0123456789";
const ROUTE_SECRET: &str = "9876543210abcdefABCDEF9876543210";

/// An account as its answers have it; each can be replaced.
#[derive(Clone)]
struct Account {
    quota: Answer,
    domains: Answer,
    webhooks: Answer,
    routes: Answer,
    activity: Answer,
}

fn list(items: &Value) -> Answer {
    Answer::json(200, &json!({"data": items, "links": {"next": null}}))
}

fn said(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

fn with(mut object: Value, over: &Value) -> Value {
    for (name, value) in over.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

fn domain(over: &Value) -> Answer {
    let domain = json!({
        "id": "d1", "name": "shop.example", "is_verified": true, "is_dns_active": true, "spf": true, "dkim": true,
        "domain_settings": {"send_paused": false}, "not_queued_messages_count": 0,
    });
    list(&json!([with(domain, over)]))
}

fn webhook(over: &Value) -> Answer {
    let events = ["activity.delivered", "activity.hard_bounced", "activity.soft_bounced", "activity.spam_complaint"];
    let webhook = json!({
        "id": "w1", "name": "Events", "url": "https://me:pass@shop.example/mailersend/tracking?key=private",
        "events": events, "enabled": true, "version": 2, "secret": SECRET,
    });
    list(&json!([with(webhook, over)]))
}

fn route(over: &Value) -> Answer {
    let route = json!({
        "id": "i1", "name": "Replies", "enabled": true, "domain": null,
        "forwards": [
            {"type": "webhook", "value": "https://shop.example/mailersend/inbound", "secret": ROUTE_SECRET},
            {"type": "email", "value": "bob@two.example", "secret": null},
        ],
    });
    list(&json!([with(route, over)]))
}

impl Default for Account {
    fn default() -> Self {
        Self {
            quota: Answer::json(200, &json!({"quota": 1000, "remaining": 900, "reset": "2030-01-02T00:00:00Z"})),
            domains: domain(&json!({})),
            webhooks: webhook(&json!({})),
            routes: route(&json!({})),
            activity: list(&json!([])),
        }
    }
}

fn options() -> CheckupOptions {
    CheckupOptions::new().signing_secrets([SECRET]).inbound_secrets([ROUTE_SECRET])
}

async fn look(account: Account, options: &CheckupOptions) -> Checkup {
    let server = Capture::answering(move |_, request| {
        match request.target().0 {
            "/v1/api-quota" => &account.quota,
            "/v1/domains" => &account.domains,
            "/v1/webhooks" => &account.webhooks,
            "/v1/inbound" => &account.routes,
            "/v1/activity/d1" => &account.activity,
            other => panic!("asked for {other}"),
        }
        .clone()
    })
    .await;
    let checkup = to(&server).checkup(options).await;
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.method == "GET"), "a checkup changes nothing");
    let shown = format!("{checkup:?} {}", serde_json::to_string(&checkup).unwrap());
    for private in [SECRET, ROUTE_SECRET, "pass", "private", "bob@", "test-token"] {
        assert!(!shown.contains(private), "{private} is shown: {shown}");
    }
    for finding in &checkup.findings {
        assert_eq!(finding.level != Level::Ok, finding.remedy.is_some(), "what is wrong has a remedy: {finding:?}");
    }
    checkup
}

/// An account in which all is well.
#[tokio::test]
async fn a_healthy_account() {
    let checkup = look(Account::default(), &options()).await;
    assert_eq!(checkup.level(), Level::Ok, "{checkup:?}");
    let places: Vec<_> = checkup.findings.iter().map(|finding| finding.place.as_str()).collect();
    assert_eq!(
        places,
        [
            "token",
            "activity",
            "requests today",
            "domain shop.example",
            "webhook \"Events\"",
            "inbound route \"Replies\""
        ]
    );
    let unlimited = Answer::json(200, &json!({"quota": -1, "remaining": -1}));
    let checkup = look(Account { quota: unlimited, ..Account::default() }, &CheckupOptions::new()).await;
    assert_eq!(checkup.level(), Level::Ok, "secrets are compared only where they are given");
    let json = serde_json::to_value(&checkup).unwrap();
    assert_eq!(json["findings"][0], json!({"level": "ok", "place": "token", "text": "MailerSend accepts it"}));
}

/// Everything that can be wrong: how bad it is, where, and a word of what is said.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn what_is_wrong_is_found() {
    use Level::{Error, Warn};
    let whole = Account::default;
    let left = |left: u64| Answer::json(200, &json!({"quota": 1000, "remaining": left}));
    let events = |names: &[&str]| webhook(&json!({"events": names}));
    let forward = |url: &str| route(&json!({"forwards": [{"type": "webhook", "value": url, "secret": ROUTE_SECRET}]}));
    let scope = "The custom API token you're using doesn't have the required permissions. #MS40301";
    for (account, level, place, text) in [
        (Account { quota: left(0), ..whole() }, Error, "requests today", "none are left"),
        (Account { quota: left(99), ..whole() }, Warn, "requests today", "99 of 1000"),
        (Account { quota: said(500, "No."), ..whole() }, Error, "token", "cannot be looked at"),
        (Account { activity: said(403, scope), ..whole() }, Warn, "activity", "403"),
        (Account { domains: said(403, scope), ..whole() }, Warn, "domains", "403"),
        (Account { webhooks: said(403, scope), ..whole() }, Warn, "webhooks of shop.example", "403"),
        (Account { routes: said(403, scope), ..whole() }, Warn, "inbound routes", "403"),
        (Account { domains: list(&json!([])), ..whole() }, Error, "domains", "there is none"),
        (
            Account { domains: domain(&json!({"is_verified": false})), ..whole() },
            Error,
            "domain shop.example",
            "verified",
        ),
        (
            Account { domains: domain(&json!({"is_dns_active": false, "dkim": false})), ..whole() },
            Error,
            "domain shop.example",
            "missing or wrong: DKIM",
        ),
        (
            Account {
                domains: domain(&json!({"domain_settings": {"send_paused": true}, "not_queued_messages_count": "7"})),
                ..whole()
            },
            Warn,
            "domain shop.example",
            "held back, 7 now",
        ),
        (Account { webhooks: list(&json!([])), ..whole() }, Warn, "webhooks of shop.example", "there are none"),
        (
            Account { webhooks: events(&["activity.delivered", "activity.soft_bounced"]), ..whole() },
            Warn,
            "webhooks of shop.example",
            "not told: activity.hard_bounced, activity.spam_complaint",
        ),
        (
            Account { webhooks: webhook(&json!({"enabled": false})), ..whole() },
            Error,
            "webhook \"Events\"",
            "because https://shop.example/mailersend/tracking failed",
        ),
        // The tests' time is after the end of version 1.
        (Account { webhooks: webhook(&json!({"version": 1})), ..whole() }, Error, "webhook \"Events\"", "which ended"),
        (
            Account { webhooks: webhook(&json!({"url": "https://shop.example/mailersend/inbound/"})), ..whole() },
            Error,
            "webhook \"Events\"",
            "endpoint for inbound mail",
        ),
        (
            Account { webhooks: webhook(&json!({"url": "http://shop.example/mailersend/tracking"})), ..whole() },
            Warn,
            "webhook \"Events\"",
            "unencrypted",
        ),
        (
            Account { webhooks: webhook(&json!({"url": "https://10.1.2.3/mailersend/tracking"})), ..whole() },
            Warn,
            "webhook \"Events\"",
            "cannot reach https://10.1.2.3/mailersend/tracking",
        ),
        (
            Account { routes: forward("http://localhost:8000/mailersend/inbound"), ..whole() },
            Warn,
            "inbound route \"Replies\"",
            "cannot reach",
        ),
        (
            Account { webhooks: webhook(&json!({"url": "https://[fd00::1]/mailersend/tracking"})), ..whole() },
            Warn,
            "webhook \"Events\"",
            "cannot reach",
        ),
        (
            Account { webhooks: webhook(&json!({"secret": null, "signing_secret": "another"})), ..whole() },
            Error,
            "webhook \"Events\"",
            "none of those in MAILERSEND_SIGNING_SECRET",
        ),
        (
            Account { routes: route(&json!({"enabled": false})), ..whole() },
            Warn,
            "inbound route \"Replies\"",
            "switched off",
        ),
        (
            Account { routes: route(&json!({"domain": "in.example"})), ..whole() },
            Warn,
            "inbound route \"Replies\"",
            "in.example",
        ),
        (
            Account { routes: forward("https://shop.example/mailersend/tracking"), ..whole() },
            Error,
            "inbound route \"Replies\"",
            "endpoint for tracking",
        ),
        (
            Account { routes: forward("http://shop.example/mailersend/inbound"), ..whole() },
            Warn,
            "inbound route \"Replies\"",
            "unencrypted",
        ),
    ] {
        let checkup = look(account, &options()).await;
        let found = checkup.findings.iter().find(|finding| finding.level != Level::Ok && finding.place == place);
        let found = found.unwrap_or_else(|| panic!("nothing is found at {place}: {checkup:?}"));
        assert!(found.level == level && found.text.contains(text), "{found:?}");
        assert!(checkup.level() >= level);
    }
}

/// Secrets: none here, one too many here.
#[tokio::test]
async fn secrets_that_do_not_match() {
    let none = CheckupOptions::new().signing_secrets(Vec::<String>::new()).inbound_secrets(Vec::<String>::new());
    let checkup = look(Account::default(), &none).await;
    let texts: Vec<_> =
        checkup.findings.iter().filter(|found| found.level == Level::Warn).map(|found| &found.text).collect();
    assert!(texts.len() == 2 && texts.iter().all(|text| text.contains("is not set")), "{texts:?}");
    let checkup = look(Account::default(), &options().signing_secrets(["left over"])).await;
    let found = checkup.findings.iter().find(|found| found.place == "MAILERSEND_SIGNING_SECRET").unwrap();
    assert!(found.level == Level::Warn && found.text.starts_with("1 of 2"), "{found:?}");

    // What another domain may sign with is not called left over.
    let domains = list(&json!([{"id": "d1", "name": "shop.example"}, {"id": "d2", "name": "other.example"}]));
    let both = options().signing_secrets(["of another"]).inbound_secrets(["of another"]);
    let checkup = look(Account { domains, ..Account::default() }, &both.clone().domain("shop.example")).await;
    assert!(!checkup.findings.iter().any(|found| found.text.contains("sign nothing")), "{checkup:?}");
    let hidden = Account { webhooks: said(403, "No. #MS40301"), ..Account::default() };
    let checkup = look(hidden, &both).await;
    assert!(!checkup.findings.iter().any(|found| found.place == "MAILERSEND_SIGNING_SECRET"), "{checkup:?}");
}

/// Without a token that is accepted there is nothing else to look at.
#[tokio::test]
async fn a_wrong_token() {
    let refused = said(401, "Unauthenticated.");
    let checkup = look(Account { quota: refused, ..Account::default() }, &options()).await;
    assert_eq!((checkup.findings.len(), checkup.level()), (1, Level::Error), "{checkup:?}");
}

/// Where nobody answers, one question tells it.
#[tokio::test]
async fn nobody_answers() {
    let builder = mailferry::MailerSend::builder().token("mlsn.not-to-be-shown").api_url("http://127.0.0.1:1/v1/");
    let checkup = builder.build().unwrap().checkup(&options()).await;
    let [found] = &checkup.findings[..] else { panic!("{checkup:?}") };
    assert_eq!((found.level, found.place.as_str()), (Level::Error, "token"));
    assert!(found.text.contains("no connection") && found.remedy.is_some(), "{found:?}");
}

/// One domain of several, or one that there is not.
#[tokio::test]
async fn one_domain() {
    let domains = list(&json!([{"id": "d0", "name": "other.example"}, {"id": "d1", "name": "shop.example"}]));
    let account = Account { domains, ..Account::default() };
    let checkup = look(account.clone(), &options().domain("Shop.example")).await;
    assert!(checkup.findings.iter().any(|found| found.place == "domain shop.example"));
    assert!(!checkup.findings.iter().any(|found| found.place.contains("other")));
    let checkup = look(account, &CheckupOptions::new().domain("two.example")).await;
    let found = checkup.findings.iter().find(|found| found.place == "domain two.example").unwrap();
    assert_eq!((found.level, found.text.as_str()), (Level::Error, "there is none"));
}
