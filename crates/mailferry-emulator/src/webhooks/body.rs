//! The bodies of webhooks, byte for byte as MailerSend writes them (facts sheet 6.4 to 6.6).

use jiff::Timestamp;
use serde::Serialize;

use super::registry::{RegisteredWebhook, WebhookVersion};
use crate::clock::{micro_time, milli_time, object_time, sentence_time};
use crate::id;
use crate::json;
use crate::lifecycle::{ActivityKind, Detail, Letter, Occurrence};
use crate::message::EmailStatus;
use crate::tracking::Reader;

/// Whoever opens and clicks does it from here.
const IP: &str = "127.0.0.1";
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
/// Why mail bounces for good: recorded in 2025 and 2026, here and in the list of hard bounces.
pub(crate) const NO_SUCH_ACCOUNT: &str = "The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.";
/// With this number, which is MailerSend's own.
const HARD: (&str, u16) = (NO_SUCH_ACCOUNT, 34);
/// From the documentation's example.
const SOFT: (&str, u16) = ("Mailbox full", 452);

#[derive(Serialize)]
struct Ping {
    r#type: &'static str,
    message: &'static str,
    created_at: String,
}

/// What is posted to a URL before it is taken (facts sheet 6.1, recorded).
pub(crate) fn ping(now: Timestamp) -> Vec<u8> {
    let created_at = micro_time(now);
    json::compact(&Ping { r#type: "webhook.test", message: "This is a ping test message", created_at })
}

/// An activity in the words that the webhook understands.
pub(crate) fn activity(occurrence: &Occurrence, event: &str, webhook: &RegisteredWebhook) -> Vec<u8> {
    match webhook.version {
        WebhookVersion::V1 => json::compact(&V1::new(occurrence, event, webhook)),
        WebhookVersion::V2 => json::compact(&V2::new(occurrence, event, webhook)),
    }
}

#[derive(Serialize)]
struct V1<'a> {
    r#type: &'a str,
    domain_id: String,
    created_at: String,
    webhook_id: &'a str,
    url: &'a str,
    data: DataV1<'a>,
}

#[derive(Serialize)]
struct DataV1<'a> {
    object: &'static str,
    id: String,
    r#type: &'a str,
    created_at: String,
    email: EmailV1<'a>,
    morph: Option<Morph<'a>>,
    /// Empty when there is none.
    template_id: &'a str,
}

#[derive(Serialize)]
struct EmailV1<'a> {
    object: &'static str,
    id: &'a str,
    created_at: String,
    from: &'a str,
    subject: &'a str,
    status: EmailStatus,
    tags: Option<&'a [String]>,
    headers: Option<Vec<Header<'a>>>,
    message: MessageV1<'a>,
    recipient: RecipientV1<'a>,
}

/// As they are sent; how MailerSend shows them when there are any is UNCERTAIN.
#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct MessageV1<'a> {
    object: &'static str,
    id: &'a str,
    created_at: String,
}

#[derive(Serialize)]
struct RecipientV1<'a> {
    object: &'static str,
    id: &'a str,
    email: &'a str,
    created_at: String,
}

/// What an activity has beyond its email.
#[derive(Serialize)]
#[serde(tag = "object", rename_all = "snake_case")]
enum Morph<'a> {
    RecipientBounce { reason: &'static str },
    Open { id: String, created_at: String, ip: &'a str },
    Click { id: String, created_at: String, ip: &'a str, url: &'a str },
    RecipientUnsubscribe { reason: &'static str, readable_reason: &'static str },
    SpamComplaint { reason: Option<()> },
}

impl<'a> V1<'a> {
    fn new(occurrence: &'a Occurrence, event: &'a str, webhook: &'a RegisteredWebhook) -> Self {
        let Occurrence { serial: _, at, kind: _, letter, detail: _, previous: _ } = occurrence;
        let Letter { email_id, recipient, contact, subject, sheet, .. } = &**letter;
        let headers = sheet.headers.iter().map(|(name, value)| Header { name, value }).collect();
        let email = EmailV1 {
            object: "email",
            id: email_id,
            created_at: milli_time(sheet.created_at),
            from: &sheet.from,
            subject,
            status: letter.course().status,
            tags: Some(sheet.tags.as_slice()).filter(|tags| !tags.is_empty()),
            headers: Some(headers).filter(|headers: &Vec<_>| !headers.is_empty()),
            message: MessageV1 { object: "message", id: &sheet.message_id, created_at: milli_time(sheet.created_at) },
            recipient: RecipientV1 {
                object: "recipient",
                id: &contact.id,
                email: recipient,
                created_at: milli_time(contact.created_at),
            },
        };
        Self {
            r#type: event,
            domain_id: id::domain(&sheet.domain),
            created_at: micro_time(*at),
            webhook_id: &webhook.id,
            url: &webhook.url,
            data: DataV1 {
                object: "activity",
                id: occurrence.id(),
                r#type: word(event),
                created_at: milli_time(*at),
                email,
                morph: morph(occurrence),
                template_id: sheet.template_id.as_deref().unwrap_or_default(),
            },
        }
    }
}

/// For `deferred`, `suppressed` and surveys UNCERTAIN: nothing.
fn morph(occurrence: &Occurrence) -> Option<Morph<'_>> {
    let created_at = milli_time(occurrence.at);
    let id = |serial: u64| id::object(occurrence.at, serial);
    Some(match (&occurrence.detail, occurrence.kind) {
        (Detail::Open(serial, who), _) => Morph::Open { id: id(*serial), created_at, ip: ip(who.as_deref()) },
        (Detail::Click(serial, url, who), _) => {
            Morph::Click { id: id(*serial), created_at, ip: ip(who.as_deref()), url }
        }
        (_, ActivityKind::SoftBounced | ActivityKind::HardBounced) => {
            Morph::RecipientBounce { reason: "Unknown reason" }
        }
        (_, ActivityKind::Unsubscribed) => {
            Morph::RecipientUnsubscribe { reason: "option_3", readable_reason: "I get too many emails" }
        }
        (_, ActivityKind::SpamComplaint) => Morph::SpamComplaint { reason: None },
        _ => return None,
    })
}

#[derive(Serialize)]
struct V2<'a> {
    r#type: &'a str,
    created_at: String,
    data: DataV2<'a>,
    webhook_id: &'a str,
}

#[derive(Serialize)]
struct DataV2<'a> {
    id: String,
    domain_id: String,
    message_id: &'a str,
    email_id: &'a str,
    r#type: &'a str,
    subject: &'a str,
    recipient: &'a str,
    tags: Option<&'a [String]>,
    meta: Meta<'a>,
}

/// An empty list when there is nothing to say.
#[derive(Serialize)]
#[serde(untagged)]
enum Meta<'a> {
    None([(); 0]),
    Bounce { bounce_reason: &'static str, bounce_code: u16, bounce_type: &'static str },
    Open(Program<'a>),
    Click(Clicked<'a>),
    Unsubscribe { unsubscribe_reason: &'static str },
    Suppressed { suppression_reason: &'static str },
    Surveys { surveys: [Answered; 1] },
}

#[derive(Serialize)]
struct Answered {
    question_id: u8,
    survey_id: u8,
    answer: &'static str,
    is_last_question: bool,
}

#[derive(Serialize)]
struct Program<'a> {
    ip: &'a str,
    country: &'static str,
    user_agent: &'a str,
    device_type: &'static str,
    browser: &'static str,
}

#[derive(Serialize)]
struct Clicked<'a> {
    #[serde(flatten)]
    program: Program<'a>,
    url: &'a str,
}

impl<'a> V2<'a> {
    fn new(occurrence: &'a Occurrence, event: &'a str, webhook: &'a RegisteredWebhook) -> Self {
        let Occurrence { serial: _, at, kind: _, letter, detail: _, previous: _ } = occurrence;
        let Letter { email_id, recipient, subject, sheet, .. } = &**letter;
        let data = DataV2 {
            id: occurrence.id(),
            domain_id: id::domain(&sheet.domain),
            message_id: &sheet.message_id,
            email_id,
            r#type: word(event),
            subject,
            recipient,
            tags: Some(sheet.tags.as_slice()).filter(|tags| !tags.is_empty()),
            meta: meta(occurrence),
        };
        Self { r#type: event, created_at: object_time(*at), data, webhook_id: &webhook.id }
    }
}

fn meta(occurrence: &Occurrence) -> Meta<'_> {
    let bounce = |(bounce_reason, bounce_code), bounce_type| Meta::Bounce { bounce_reason, bounce_code, bounce_type };
    match (&occurrence.detail, occurrence.kind) {
        (Detail::Open(_, who), _) => Meta::Open(program(who.as_deref())),
        (Detail::Click(_, url, who), _) => Meta::Click(Clicked { program: program(who.as_deref()), url }),
        (Detail::Suppressed(suppression_reason), _) => Meta::Suppressed { suppression_reason },
        (Detail::None, ActivityKind::HardBounced) => bounce(HARD, "hard"),
        (Detail::None, ActivityKind::SoftBounced) => bounce(SOFT, "soft"),
        (Detail::None, ActivityKind::Unsubscribed) => Meta::Unsubscribe { unsubscribe_reason: "NO_LONGER_WANT" },
        (Detail::None, ActivityKind::SurveySubmitted) => Meta::Surveys {
            surveys: [Answered { question_id: 1, survey_id: 1, answer: "test", is_last_question: true }],
        },
        (Detail::None, _) => Meta::None([]),
    }
}

fn ip(who: Option<&Reader>) -> &str {
    who.map_or(IP, |reader| &reader.ip)
}

/// That of whoever followed a link of the mail, or for those who are only said to have, some desktop's.
fn program(who: Option<&Reader>) -> Program<'_> {
    let country = "US";
    match who {
        None => Program { ip: IP, country, user_agent: AGENT, device_type: "desktop", browser: "Chrome" },
        Some(reader) => Program {
            ip: &reader.ip,
            country,
            user_agent: &reader.user_agent,
            device_type: reader.device(),
            browser: reader.browser(),
        },
    }
}

/// The event without its `activity.`, as `data.type` has it.
fn word(event: &str) -> &str {
    event.strip_prefix("activity.").unwrap_or(event)
}

/// An event of the account around its `data`, which is compact JSON already.
///
/// Only `type`, `created_at` and `data` are documented; `webhook_id`, and the order, are those of version 2 (UNCERTAIN).
/// The time has no zone but for the on-hold events (facts sheet 6.6).
pub(super) fn account(kind: &str, data: &[u8], webhook: &RegisteredWebhook, now: Timestamp) -> Vec<u8> {
    let created_at = if kind.starts_with("recipient.on_hold") { micro_time(now) } else { sentence_time(now) };
    let mut body = Vec::with_capacity(data.len().saturating_add(128));
    for (before, text) in [("{\"type\":", kind), (",\"created_at\":", &created_at)] {
        body.extend_from_slice(before.as_bytes());
        body.extend_from_slice(&json::compact(&text));
    }
    body.extend_from_slice(b",\"data\":");
    body.extend_from_slice(data);
    body.extend_from_slice(b",\"webhook_id\":");
    body.extend_from_slice(&json::compact(&webhook.id));
    body.push(b'}');
    body
}
