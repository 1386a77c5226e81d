//! What a plan allows, counted for real.

use std::time::Duration;

use mailferry_emulator::{Emulator, Plan, RateLimits, RecipientLimits, TrialLimits, Webhook};
use serde_json::{Value, json};

use crate::client::{call, get, message, post, send, started};
use crate::receiver::Receiver;

/// The rules that are broken here.
pub(crate) const RULES: &[&str] = &["domain.track_content.plan", "activity.event.plan"];

const DAY: Duration = Duration::from_hours(24);

async fn on(plan: Plan) -> Emulator {
    started(|builder| builder.plan(plan)).await
}

fn to(address: &str) -> Value {
    json!({"to": [{"email": address}]})
}

fn needs(plan: &str) -> String {
    format!("This feature requires a {plan} plan or higher. Upgrade to use it. #MS42216")
}

#[tokio::test]
async fn a_plan_sets_the_quota_and_the_limits() {
    for (plan, quota) in
        [(Plan::Trial, 100), (Plan::Hobby, 1_000), (Plan::Starter, 100_000), (Plan::Professional, 500_000)]
    {
        let emulator = on(plan).await;
        assert_eq!(get(&emulator, "/v1/api-quota").await.json()["quota"], quota, "{plan:?}");
        assert_eq!(send(&emulator, &to("a@b.example")).await.header("x-ratelimit-limit"), Some("120"), "{plan:?}");
        let objects = |count| Value::Array(vec![message(&json!({})); count]);
        let most = if plan == Plan::Trial { 5 } else { 500 };
        assert_eq!(post(&emulator, "/v1/bulk-email", &objects(most)).await.status, 202, "{plan:?}");
        let more = post(&emulator, "/v1/bulk-email", &objects(most + 1)).await;
        assert_eq!(
            more.json()["message"],
            format!("The number of email objects must not be greater than {most}. #MS42229")
        );
    }
    let emulator = on(Plan::Trial).await;
    let many: Vec<Value> = (0..11).map(|n| json!({"email": format!("a{n}@b.example")})).collect();
    assert!(send(&emulator, &json!({"to": many})).await.text().contains("#MS42205"));
}

#[tokio::test]
async fn the_day_of_a_trial_is_a_hundred_requests_long() {
    let emulator = on(Plan::Trial).await;
    let mut answers = Vec::new();
    for _ in 0..101 {
        emulator.clock().advance(Duration::from_secs(2));
        answers.push(get(&emulator, "/v1/messages").await.status);
    }
    assert_eq!((answers[99], answers[100]), (200, 429));
    emulator.clock().advance(DAY);
    assert_eq!(get(&emulator, "/v1/messages").await.status, 200);
}

#[tokio::test]
async fn a_trial_ends_with_its_people_and_its_emails() {
    let limits = TrialLimits { emails: 5, recipients: 2 };
    let emulator = started(|builder| builder.plan(Plan::Trial).trial_limits(limits)).await;
    let pair = json!({"to": [{"email": "a@b.example"}, {"email": "B@b.example"}]});
    assert_eq!(send(&emulator, &pair).await.status, 202);
    let new = send(&emulator, &to("c@b.example")).await;
    assert_eq!(new.json()["message"], "You have reached the trial domain unique recipients limit. #MS42225");
    let bulk = post(&emulator, "/v1/bulk-email", &json!([message(&pair), message(&to("b@b.example"))])).await.json();
    emulator.clock().advance(Duration::from_secs(1));
    let id = bulk["bulk_email_id"].as_str().unwrap();
    let state = get(&emulator, &format!("/v1/bulk-email/{id}")).await.json();
    assert_eq!(state["data"]["validation_errors_count"], 0, "known people are written to again: {state}");
    let spent = send(&emulator, &to("a@b.example")).await;
    assert_eq!(spent.json()["message"], "Your trial domain reached its email quota limit. #MS42222");
    emulator.set_plan(Plan::Hobby);
    assert_eq!(send(&emulator, &to("c@b.example")).await.status, 202, "who pays may go on");
    emulator.set_plan(Plan::Trial);
    assert_eq!(send(&emulator, &to("a@b.example")).await.status, 422);
    emulator.reset();
    assert_eq!(send(&emulator, &to("c@b.example")).await.status, 202);
}

#[tokio::test]
async fn larger_plans_have_more_features() {
    let emulator = on(Plan::Trial).await;
    let domain = emulator.domain_id("example.com");
    let (headers, thread) = (json!({"headers": [{"name": "X-A", "value": "b"}]}), json!({"in_reply_to": "a@b"}));
    let settings = format!("/v1/domains/{domain}/settings");
    let now = 1_772_359_200;
    let activities = format!("/v1/activity/{domain}?date_from={}&date_to={now}&event[]=deferred", now - 1);
    let said = async |plan: Option<Plan>| {
        emulator.set_plan(plan);
        let content = call(&emulator, "PUT", &settings, r#"{"track_content":true}"#).await;
        let off = call(&emulator, "PUT", &settings, r#"{"track_content":false}"#).await;
        assert_eq!(off.status, 200, "what is switched off costs nothing");
        let answers = [
            send(&emulator, &headers).await,
            send(&emulator, &thread).await,
            content,
            get(&emulator, &activities).await,
        ];
        answers.map(|answer| {
            if answer.status == 422 { answer.json()["message"].as_str().unwrap().to_owned() } else { String::new() }
        })
    };
    let (professional, starter, fine) = (needs("Professional"), needs("Starter"), String::new());
    assert_eq!(said(Some(Plan::Trial)).await, [professional.clone(), needs("Hobby"), starter.clone(), starter.clone()]);
    assert_eq!(said(Some(Plan::Hobby)).await, [professional.clone(), fine.clone(), starter.clone(), starter]);
    assert_eq!(said(Some(Plan::Starter)).await, [professional, fine.clone(), fine.clone(), fine.clone()]);
    assert_eq!(said(Some(Plan::Professional)).await, [fine.clone(), fine.clone(), fine.clone(), fine.clone()]);
    assert_eq!(said(None).await, [fine.clone(), fine.clone(), fine.clone(), fine]);
}

/// Smaller plans do not hear of what was deferred, wherever they listen.
#[tokio::test]
async fn paid_activities_are_kept_from_smaller_plans() {
    let receiver = Receiver::start().await;
    let emulator = started(|builder| builder.plan(Plan::Hobby).webhook(Webhook::new(&receiver.url))).await;
    let domain = emulator.domain_id("example.com");
    let listed = async |emulator: &Emulator| {
        let (from, to) = (1_772_359_200, emulator.clock().now().as_second());
        let page = get(emulator, &format!("/v1/activity/{domain}?date_from={from}&date_to={to}")).await.json();
        let types = page["data"].as_array().unwrap().iter().map(|row| row["type"].as_str().unwrap().to_owned());
        types.filter(|word| word == "deferred").count()
    };
    for (plan, count) in [(Plan::Hobby, 0), (Plan::Starter, 2)] {
        emulator.set_plan(plan);
        send(&emulator, &to("deferred@b.example")).await;
        emulator.clock().advance(Duration::from_secs(9));
        emulator.settled().await;
        assert_eq!(listed(&emulator).await, count, "{plan:?}");
    }
    assert_eq!(receiver.types().iter().filter(|word| *word == "activity.deferred").count(), 1);
}

#[tokio::test]
async fn what_is_said_counts_before_the_plan() {
    let limits = RateLimits { email: Some(1), ..RateLimits::unlimited() };
    let emulator = started(|builder| {
        let builder = builder.daily_quota(7).plan(Plan::Trial).rate_limits(limits).bulk_objects(1).retention_days(3);
        builder.recipient_limits(RecipientLimits::approved()).custom_headers(true)
    })
    .await;
    assert_eq!(get(&emulator, "/v1/api-quota").await.json()["quota"], 7);
    assert_eq!(send(&emulator, &json!({"headers": [{"name": "X-A", "value": "b"}]})).await.status, 202);
    assert_eq!(send(&emulator, &json!({})).await.status, 429);
    let two = post(&emulator, "/v1/bulk-email", &json!([message(&json!({})), message(&json!({}))])).await;
    assert!(two.text().contains("must not be greater than 1."));
    emulator.set_plan(Plan::Professional);
    assert_eq!(get(&emulator, "/v1/api-quota").await.json()["quota"], 7);
}
