//! Questions to the emulator, which was written from the documentation by itself: what is sent is found again.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use mailferry::clock::Clock;
use mailferry::mailersend::asking::{
    ActivityFilter, CheckupOptions, EmailFilter, InboundRouteSettings, Level, SuppressionList, WebhookSettings,
};
use mailferry::mailersend::{MailerSend, Webhook};
use mailferry::transport::{ErrorKind, MessageId, Quota, Transport};
use mailferry::webhook::Receiver;
use mailferry::{DateTime, Event};
use mailferry_emulator::{Emulator, Reaction, WebhookVersion};
use serde_json::json;

use crate::capture::{Answer, Capture};
use crate::support::{NOW, basic};

const DOMAIN: &str = "mail.example";

/// An emulator at [`NOW`], and how to ask it ten minutes later.
async fn account(
    set_up: impl FnOnce(mailferry_emulator::Builder) -> mailferry_emulator::Builder,
) -> (Emulator, MailerSend) {
    let clock = mailferry_emulator::Clock::manual(jiff::Timestamp::from_second(NOW).unwrap());
    let emulator = set_up(Emulator::builder().clock(clock).verified_domains([DOMAIN])).start().await.unwrap();
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(NOW).unwrap() + 600);
    let api = MailerSend::builder().token(emulator.token()).api_url(emulator.url()).clock(Clock::fixed(later));
    let api = api.build().unwrap();
    (emulator, api)
}

fn at(seconds: i64) -> DateTime {
    DateTime::from_unix_seconds(seconds).unwrap()
}

/// Ten minutes pass.
async fn pass(emulator: &Emulator) {
    emulator.clock().advance(Duration::from_mins(10));
    emulator.settled().await;
}

async fn send(api: &MailerSend, to: &str) -> String {
    let status = api.send(&basic(json!({"to": [to], "tags": ["orders"]}))).await.unwrap();
    let MessageId::One(id) = status.message_id() else { panic!("{status:?}") };
    id.to_owned()
}

#[tokio::test]
async fn messages_and_the_quota() {
    let (emulator, api) = account(|builder| builder.daily_quota(100)).await;
    let mut sent = Vec::new();
    for number in 0..12 {
        sent.push(send(&api, &format!("r{number}@one.example")).await);
    }
    let mut listed: Vec<_> = api.messages().list(None).page_size(10).all().await.unwrap();
    listed.sort_by(|one, other| one.id.cmp(&other.id));
    sent.sort();
    assert!(listed.iter().map(|message| &message.id).eq(&sent));
    let message = api.messages().get(&sent[0]).await.unwrap();
    assert_eq!((message.emails.len(), &message.emails[0].tags[..]), (1, &["orders".to_owned()][..]));
    assert_eq!(api.messages().get("67618140bf85c862710f2c5a").await.unwrap_err().status(), Some(404));
    let quota = api.api_quota().await.unwrap();
    let Some(Quota::Left(left)) = quota.remaining else { panic!("{quota:?}") };
    assert!(quota.quota == Some(Quota::Left(100)) && left < 88, "{quota:?}");
    drop(emulator);
}

#[tokio::test]
async fn suppressions() {
    let (emulator, api) = account(|builder| builder).await;
    let id = emulator.domain_id(DOMAIN);
    for list in SuppressionList::ALL.iter().filter(|list| **list != SuppressionList::OnHold) {
        let list = api.suppressions(*list);
        let added = list.add(Some(&id), ["ann@one.example", "bob@two.example"]).await.unwrap();
        assert_eq!(added.len(), 2);
        let again = list.add(Some(&id), ["ann@one.example"]).await.unwrap();
        assert_eq!(again[0].id, added[0].id, "adding twice changes nothing");
        assert_eq!(list.list(None).all().await.unwrap().len(), 2);
        list.delete([added[1].id.clone()]).await.unwrap();
        let left = list.list(Some(&id)).all().await.unwrap();
        assert_eq!(left.iter().map(|entry| &entry.id).collect::<Vec<_>>(), [&added[0].id]);
        list.delete_all(None).await.unwrap();
        assert!(list.list(None).all().await.unwrap().is_empty());
    }
    let blocklist = api.suppressions(SuppressionList::Blocklist);
    let added = blocklist.add_patterns(None, [".*@one.example"]).await.unwrap();
    assert_eq!((added[0].is_expression, added[0].pattern.as_deref()), (true, Some(".*@one.example")));
}

#[tokio::test]
async fn webhooks_are_managed() {
    let receiver = Capture::start([Answer::new(200)]).await;
    let deaf = Capture::start([Answer::new(500)]).await;
    let (emulator, api) = account(|builder| builder).await;
    let domain = emulator.domain_id(DOMAIN);
    let settings = WebhookSettings::new().name("Events").events(["activity.sent", "activity.delivered"]);
    let refused = api.webhooks().create(&domain, &settings.clone().url(deaf.url())).await.unwrap_err();
    assert_eq!((refused.kind(), refused.fields().contains_key("url")), (ErrorKind::Rejected, true));
    assert!(refused.remedy().unwrap().contains("webhook.test"), "{:?}", refused.remedy());

    let made = api.webhooks().create(&domain, &settings.url(receiver.url()).version(2)).await.unwrap();
    assert!(String::from_utf8(receiver.only().body).unwrap().contains("webhook.test"));
    assert_eq!((made.url.as_str(), made.events.len()), (receiver.url().as_str(), 2));
    assert_eq!(made.secret.as_ref().unwrap().expose(), emulator.webhooks()[0].secret());
    let listed = api.webhooks().list(&domain).all().await.unwrap();
    assert_eq!((listed.len(), listed[0].enabled, &listed[0].id), (1, Some(true), &made.id));
    let changed = WebhookSettings::new().enabled(false).events(["activity.opened"]);
    api.webhooks().update(&made.id, &changed).await.unwrap();
    let changed = api.webhooks().get(&made.id).await.unwrap();
    assert_eq!((changed.enabled, &changed.events[..]), (Some(false), &["activity.opened".to_owned()][..]));
    api.webhooks().delete(&made.id).await.unwrap();
    assert_eq!(api.webhooks().get(&made.id).await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn inbound_routes_are_managed() {
    let (emulator, api) = account(|builder| builder).await;
    let domain = emulator.domain_id(DOMAIN);
    let settings = InboundRouteSettings::new("Replies").forward_to_url("https://shop.example/mailersend/inbound");
    let made = api.inbound_routes().create(&domain, &settings.forward_to_address("bob@two.example")).await.unwrap();
    let kinds: Vec<_> = made.forwards.iter().map(|forward| (forward.kind.as_str(), forward.secret.is_some())).collect();
    assert_eq!(kinds, [("webhook", true), ("email", false)]);
    assert!(made.address.as_ref().unwrap().ends_with("@inbound.mailersend.net"));
    let renamed = InboundRouteSettings::new("Answers").forward_to_url("https://shop.example/other");
    api.inbound_routes().update(&made.id, &renamed).await.unwrap();
    assert_eq!(api.inbound_routes().get(&made.id).await.unwrap().name, "Answers");
    assert_eq!(api.inbound_routes().list(Some(&domain)).all().await.unwrap().len(), 1);
    api.inbound_routes().delete(&made.id).await.unwrap();
    assert!(api.inbound_routes().list(None).all().await.unwrap().is_empty());
}

/// Everything that webhooks of either version told is found again, with the same ids, in the same words, and nothing
/// else.
#[tokio::test]
async fn a_backfill_tells_what_webhooks_told() {
    for version in [WebhookVersion::V1, WebhookVersion::V2] {
        let receiver = Capture::start([Answer::new(200)]).await;
        let hook = mailferry_emulator::Webhook::new(receiver.url()).version(version).secret("s3cret");
        let (emulator, api) = account(|builder| builder.webhook(hook)).await;
        for who in ["ann", "bounce", "softbounce", "deferred", "complaint", "unsubscribe", "open", "click"] {
            send(&api, &format!("{who}@one.example")).await;
            emulator.clock().advance(Duration::from_secs(5));
        }
        emulator.clock().advance(Duration::from_mins(1));
        emulator.settled().await;
        for email in emulator.emails().iter().filter(|email| email.recipient().email.starts_with("ann@")) {
            emulator.react(email.id(), Reaction::Open).unwrap();
        }
        pass(&emulator).await;

        let webhook = Webhook::new("s3cret").unwrap();
        let mut told = Vec::new();
        for request in receiver.requests() {
            let mut headers = HeaderMap::new();
            headers.insert("signature", request.header("signature").unwrap().parse().unwrap());
            for event in webhook.receive(&headers, &request.body).unwrap() {
                let Event::Tracking(event) = event else { panic!("{event:?}") };
                told.push(event);
            }
        }
        let mut found = Vec::new();
        let mut backfill = api.backfill(&emulator.domain_id(DOMAIN), at(NOW - 3_600), at(NOW + 600));
        while let Some(event) = backfill.next().await {
            let Event::Tracking(event) = event.unwrap() else { panic!("not of a mail") };
            found.push(event);
        }
        assert!(backfill.gaps().is_empty());
        assert!(found.is_sorted_by_key(|event| event.timestamp.unwrap().unix_micros()));
        let key = |event: &mailferry::event::TrackingEvent| (event.event_id.clone(), event.service_kind.clone());
        told.sort_by_key(key);
        found.sort_by_key(key);
        assert!(told.len() >= 20, "only {} events", told.len());
        assert_eq!(found.len(), told.len());
        for (found, mut told) in found.into_iter().zip(told) {
            // What an activity does not know.
            told.message_id = None;
            told.description = None;
            told.click_url = None;
            told.user_agent = None;
            told.ip = None;
            told.country = None;
            told.bounce = told.bounce.map(|bounce| mailferry::event::Bounce { code: None, ..bounce });
            told.raw = found.raw.clone();
            assert_eq!(found, told);
        }
    }
}

#[tokio::test]
async fn activities() {
    let (emulator, api) = account(|builder| builder).await;
    send(&api, "ann@one.example").await;
    pass(&emulator).await;
    let domain = emulator.domain_id(DOMAIN);
    let filter = ActivityFilter::between(at(NOW - 10), at(NOW + 600));
    let all = api.activities().list(&domain, &filter).all().await.unwrap();
    let kinds: Vec<_> = all.iter().map(|activity| activity.kind.as_str()).collect();
    assert_eq!(kinds, ["delivered", "sent", "queued"], "newest first");
    let delivered = api.activities().list(&domain, &filter.event("delivered")).all().await.unwrap();
    assert_eq!((delivered.len(), &delivered[0].id), (1, &all[0].id));
    let one = api.activities().get(&all[0].id).await.unwrap();
    assert_eq!((one.kind.as_str(), one.email.recipient.unwrap().email.as_str()), ("delivered", "ann@one.example"));
}

/// What the plan does not keep is a gap, by the emulator's own sentence.
#[tokio::test]
async fn a_backfill_beyond_retention() {
    let (emulator, api) = account(|builder| builder.retention_days(1)).await;
    send(&api, "ann@one.example").await;
    pass(&emulator).await;
    let mut backfill = api.backfill(&emulator.domain_id(DOMAIN), at(NOW - 10 * 86_400), at(NOW + 600));
    let mut words = Vec::new();
    while let Some(event) = backfill.next().await {
        words.push(event.unwrap().word());
    }
    assert_eq!(words, ["sent", "delivered"]);
    let [gap] = backfill.gaps() else { panic!("{:?}", backfill.gaps()) };
    assert_eq!(gap.reason.to_string(), "the account's plan does not keep activities for so long");
    assert_eq!(gap.from, at(NOW - 10 * 86_400));
}

#[tokio::test]
async fn emails_and_recipients() {
    let (emulator, api) = account(|builder| builder).await;
    let message = send(&api, "ann@one.example").await;
    send(&api, "bounce@one.example").await;
    pass(&emulator).await;
    let domain = emulator.domain_id(DOMAIN);
    let all = || EmailFilter::between(at(NOW - 10), at(NOW + 600));
    let emails = api.emails().list(&domain, all()).all().await.unwrap();
    let statuses: Vec<_> = emails.iter().map(|email| email.status.as_str()).collect();
    assert_eq!(statuses, ["rejected", "delivered"], "newest first");
    let [email] = &api.emails().list(&domain, all().message(message)).all().await.unwrap()[..] else { panic!() };
    assert_eq!((email.tags.join(","), email.from.as_deref()), ("orders".to_owned(), Some("shop@mail.example")));
    assert_eq!(email.recipient.as_ref().unwrap().email, "ann@one.example");
    let filters =
        [all().status("delivered"), all().recipient("ann@one.example"), all().subject("Hello").status("delivered")];
    for filter in filters {
        let found = api.emails().list(&domain, filter.clone()).all().await.unwrap();
        assert_eq!(found.iter().map(|email| &email.id).collect::<Vec<_>>(), [&email.id], "{filter:?}");
    }
    let one = api.emails().get(&email.id).await.unwrap();
    assert_eq!((&one.id, one.status.as_str()), (&email.id, "delivered"));

    let mut recipients = api.recipients().list(None).all().await.unwrap();
    recipients.sort_by(|one, other| one.email.cmp(&other.email));
    assert_eq!(
        recipients.iter().map(|who| who.email.as_str()).collect::<Vec<_>>(),
        ["ann@one.example", "bounce@one.example"]
    );
    let ann = api.recipients().get(&recipients[0].id).await.unwrap();
    assert_eq!((ann.emails.len(), ann.domain.unwrap().name.as_str(), ann.deleted_at), (1, DOMAIN, None));
    api.recipients().delete(&ann.id).await.unwrap();
    assert_eq!(api.recipients().get(&ann.id).await.unwrap_err().status(), Some(404));
    drop(emulator);
}

#[tokio::test]
async fn schedules() {
    let (emulator, api) = account(|builder| builder).await;
    let later = basic(json!({"send_at": NOW + 7_200}));
    let status = api.send(&later).await.unwrap();
    let MessageId::One(id) = status.message_id() else { panic!("{status:?}") };
    let [listed] = &api.schedules().list(Some(&emulator.domain_id(DOMAIN)), Some("scheduled")).all().await.unwrap()[..]
    else {
        panic!("one is scheduled")
    };
    assert_eq!((listed.message_id.as_str(), listed.send_at), (id, Some(at(NOW + 7_200))));
    let one = api.schedules().get(id).await.unwrap();
    assert_eq!((one.status.as_str(), one.domain.unwrap().name.as_str()), ("scheduled", DOMAIN));
    api.schedules().cancel(id).await.unwrap();
    let again = api.schedules().cancel(id).await.unwrap_err();
    assert_eq!((again.kind(), again.status()), (ErrorKind::Rejected, Some(404)));
    assert!(again.to_string().contains("not possible to delete it"), "{again}");
}

#[tokio::test]
async fn templates_and_domains() {
    let (emulator, api) = account(|builder| builder).await;
    assert!(api.templates().list(None).all().await.unwrap().is_empty());
    let domain = api.domains().named("MAIL.example").await.unwrap().unwrap();
    assert_eq!((domain.id.as_str(), domain.is_verified), (emulator.domain_id(DOMAIN).as_str(), Some(true)));
    assert_eq!(api.domains().set_send_paused(&domain.id, true).await.unwrap().send_paused, Some(true));
    assert!(api.send(&basic(json!({}))).await.unwrap().is_paused());
    let paused = api.domains().get(&domain.id).await.unwrap();
    assert_eq!((paused.send_paused, paused.held_back), (Some(true), Some(1)));
    assert_eq!(api.domains().set_send_paused(&domain.id, false).await.unwrap().send_paused, Some(false));
    assert_eq!(api.domains().named("other.example").await.unwrap().map(|domain| domain.id), None);
}

/// A checkup of an account that was just made, then of one that is set up.
#[tokio::test]
async fn a_checkup() {
    let receiver = Capture::start([Answer::new(200)]).await;
    let (emulator, api) = account(|builder| builder).await;
    let options = CheckupOptions::new().domain(DOMAIN);
    let before = api.checkup(&options).await;
    let warned: Vec<_> =
        before.findings.iter().filter(|found| found.level != Level::Ok).map(|found| found.place.as_str()).collect();
    assert_eq!(warned, ["webhooks of mail.example"], "{before:?}");
    let hook = mailferry_emulator::Webhook::new(receiver.url()).secret("s3cret").name("Events");
    emulator.register_webhook(hook);
    let after = api.checkup(&options.signing_secrets(["another"])).await;
    let found: Vec<_> = after.findings.iter().filter(|found| found.place == "webhook \"Events\"").collect();
    assert!(found.iter().any(|found| found.level == Level::Error && found.text.contains("none of those")), "{after:?}");
}

/// A token that may only send is told apart from one that may look.
#[tokio::test]
async fn a_checkup_with_a_token_for_sending() {
    let (emulator, _) = account(|builder| builder.scoped_token("mlsn.send", ["email_full"])).await;
    let api = MailerSend::builder().token("mlsn.send").api_url(emulator.url()).build().unwrap();
    let checkup = api.checkup(&CheckupOptions::new()).await;
    let domains = checkup.findings.iter().find(|found| found.place == "domains").unwrap();
    assert!(domains.level == Level::Warn && domains.remedy.as_ref().unwrap().contains("domains_read"), "{domains:?}");
    assert_eq!(checkup.findings[0].text, "MailerSend accepts it");
}

/// By its name, and with the retention that the account has.
#[tokio::test]
async fn a_backfill_by_the_domains_name() {
    let (emulator, api) = account(|builder| builder).await;
    send(&api, "ann@one.example").await;
    pass(&emulator).await;
    let mut backfill = api.backfill(DOMAIN, at(NOW - 60), at(NOW + 600));
    let mut words = Vec::new();
    while let Some(event) = backfill.next().await {
        words.push(event.unwrap().word());
    }
    assert_eq!(words, ["sent", "delivered"]);
}
