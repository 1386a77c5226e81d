//! `/v1/domains`: the account's domains, their settings and their DNS records.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::query::{json_body, note};
use super::{Service, State, invalid, not_found, refuse};
use crate::clock::object_time;
use crate::id;
use crate::inbound::INBOUND_HOST;
use crate::lifecycle::{ActivityKind, Tracking};
use crate::message::EmailStatus;
use crate::reply::Reply;
use crate::request::Request;
use crate::rules::{DOMAIN, DOMAIN_SETTINGS, examine, is_true};
use crate::tracking::Footers;

/// More are refused as MailerSend refuses them; where its own limit is, is UNCERTAIN.
pub(super) const MOST_DOMAINS: usize = 10_000;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

/// As listed, asked for, and embedded (facts sheet 8.3). What a real domain would have verified is always verified
/// here, unless [verified domains](crate::Builder::verified_domains) are named.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the shape is MailerSend's")]
pub(super) struct Domain {
    id: String,
    name: String,
    dkim: bool,
    spf: bool,
    tracking: bool,
    is_verified: bool,
    is_cname_verified: bool,
    is_dns_active: bool,
    is_cname_active: bool,
    is_tracking_allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_stats: Option<Stats>,
    has_not_queued_messages: bool,
    not_queued_messages_count: usize,
    domain_settings: DomainSettings,
    created_at: String,
    updated_at: String,
    totals: Totals,
}

/// As answered when it is created, and nothing has been checked yet; and inside of a new token.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is MailerSend's")]
pub(super) struct ManagedDomain {
    id: String,
    name: String,
    dkim: Option<bool>,
    spf: Option<bool>,
    mx: Option<bool>,
    tracking: Option<bool>,
    is_verified: bool,
    is_dns_active: bool,
    is_trial_domain: bool,
    domain_settings: DomainSettings,
    can: Can,
    totals: [(); 0],
    is_dkim_txt: bool,
    show_dkim_info: bool,
    is_being_verified: bool,
    /// Recorded since 2026.
    is_custom_links_available: bool,
}

#[derive(Serialize)]
struct Can {
    manage: bool,
}

#[derive(Serialize)]
struct Stats {
    total: usize,
    queued: usize,
    sent: usize,
    rejected: usize,
    delivered: usize,
}

/// An empty list unless one domain is asked for.
#[derive(Serialize)]
#[serde(untagged)]
enum Totals {
    None([(); 0]),
    Some { sent: usize, delivered: usize, hard_bounced: usize, soft_bounced: usize },
}

/// In the order recorded in 2025. What is tracked, `precedence_bulk` and `send_paused` change what the emulator does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is MailerSend's")]
struct DomainSettings {
    send_paused: bool,
    track_clicks: bool,
    track_opens: bool,
    track_opens_pixel_on_top: bool,
    track_unsubscribe: bool,
    track_unsubscribe_html: String,
    track_unsubscribe_html_enabled: bool,
    track_unsubscribe_plain: String,
    track_unsubscribe_plain_enabled: bool,
    track_content: bool,
    custom_tracking_enabled: bool,
    custom_tracking_subdomain: String,
    return_path_subdomain: String,
    inbound_routing_enabled: bool,
    inbound_routing_subdomain: String,
    precedence_bulk: bool,
    ignore_duplicated_recipients: bool,
    show_dmarc: bool,
}

/// What is remembered of a domain beside its name.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    created_at: Timestamp,
    settings: DomainSettings,
    /// What the settings add to mails, shared by all of them.
    footers: Option<Arc<Footers>>,
}

/// Records of domains by name.
pub(crate) type Records = BTreeMap<String, Record>;

#[derive(Serialize)]
struct Dns {
    id: String,
    spf: DnsRecord,
    dkim: DnsRecord,
    return_path: DnsRecord,
    custom_tracking: DnsRecord,
    inbound_routing: DnsRecord,
}

#[derive(Serialize)]
struct DnsRecord {
    hostname: String,
    r#type: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'static str>,
}

#[derive(Serialize)]
struct Verification {
    message: &'static str,
    data: Checks,
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape is MailerSend's")]
struct Checks {
    dkim: bool,
    spf: bool,
    mx: bool,
    tracking: bool,
    cname: bool,
    rp_cname: bool,
}

impl DomainSettings {
    /// Those of a new domain (facts sheet 8.3, recorded).
    fn new(ignore_duplicated_recipients: bool) -> Self {
        Self {
            send_paused: false,
            track_clicks: true,
            track_opens: true,
            track_opens_pixel_on_top: false,
            track_unsubscribe: false,
            track_unsubscribe_html: "<p>Click here to <a href=\"{{unsubscribe}}\">unsubscribe</a></p>".to_owned(),
            track_unsubscribe_html_enabled: false,
            track_unsubscribe_plain: "Click here to unsubscribe: {{unsubscribe}}".to_owned(),
            track_unsubscribe_plain_enabled: false,
            track_content: false,
            custom_tracking_enabled: false,
            custom_tracking_subdomain: "email".to_owned(),
            return_path_subdomain: "mta".to_owned(),
            inbound_routing_enabled: false,
            inbound_routing_subdomain: "inbound".to_owned(),
            precedence_bulk: false,
            ignore_duplicated_recipients,
            show_dmarc: false,
        }
    }

    /// What is added to mails. `track_unsubscribe` switches both (UNCERTAIN), and each has a switch of its own.
    fn footers(&self) -> Option<Footers> {
        let html = (self.track_unsubscribe_html_enabled && !self.track_unsubscribe_html.is_empty())
            .then(|| self.track_unsubscribe_html.clone());
        let text = (self.track_unsubscribe_plain_enabled && !self.track_unsubscribe_plain.is_empty())
            .then(|| self.track_unsubscribe_plain.clone());
        (self.track_unsubscribe && (html.is_some() || text.is_some())).then_some(Footers { html, text })
    }

    /// Takes over what the valid `root` says.
    fn change(&mut self, root: &Value) {
        for (name, field) in [
            ("send_paused", &mut self.send_paused),
            ("track_clicks", &mut self.track_clicks),
            ("track_opens", &mut self.track_opens),
            ("track_opens_pixel_on_top", &mut self.track_opens_pixel_on_top),
            ("track_unsubscribe", &mut self.track_unsubscribe),
            ("track_unsubscribe_html_enabled", &mut self.track_unsubscribe_html_enabled),
            ("track_unsubscribe_plain_enabled", &mut self.track_unsubscribe_plain_enabled),
            ("track_content", &mut self.track_content),
            ("custom_tracking_enabled", &mut self.custom_tracking_enabled),
            ("precedence_bulk", &mut self.precedence_bulk),
            ("ignore_duplicated_recipients", &mut self.ignore_duplicated_recipients),
        ] {
            if let Some(value) = root.get(name).filter(|value| !value.is_null()) {
                *field = is_true(value);
            }
        }
        for (name, field) in [
            ("track_unsubscribe_html", &mut self.track_unsubscribe_html),
            ("track_unsubscribe_plain", &mut self.track_unsubscribe_plain),
            ("custom_tracking_subdomain", &mut self.custom_tracking_subdomain),
            ("return_path_subdomain", &mut self.return_path_subdomain),
            ("inbound_routing_subdomain", &mut self.inbound_routing_subdomain),
        ] {
            if let Some(text) = root.get(name).and_then(Value::as_str) {
                text.clone_into(field);
            }
        }
    }
}

impl Record {
    fn change(&mut self, root: &Value) {
        self.settings.change(root);
        self.footers = self.settings.footers().map(Arc::new);
    }
}

impl Service {
    pub(super) fn domains(&self, request: &Request, now: Timestamp) -> Reply {
        let (page, query) = match self.page(request) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let mut state = self.caught_up(now);
        let names: Vec<String> = state.domains.iter().map(|(_, name)| name.clone()).collect();
        let wanted = query.get("verified").map(|value| is_true(value) || value.as_str() == Some("true"));
        let verified = |name: &String| wanted.is_none_or(|wanted| self.settings.is_verified(name) == wanted);
        let names: Vec<String> = names.into_iter().filter(verified).collect();
        self.counted(names.iter().map(|name| self.show_domain(&mut state, name, now)), &page, "domains")
    }

    pub(super) fn one_domain(&self, id: &str, now: Timestamp) -> Reply {
        let mut state = self.caught_up(now);
        let Some(name) = state.domain_name(id).map(str::to_owned) else { return not_found() };
        let mut domain = self.show_domain(&mut state, &name, now);
        let count = |kind| {
            let here = state.activities.iter().filter(|activity| activity.letter.sheet.domain == name);
            here.filter(|activity| activity.kind == kind).count()
        };
        domain.totals = Totals::Some {
            sent: count(ActivityKind::Sent),
            delivered: count(ActivityKind::Delivered),
            hard_bounced: count(ActivityKind::HardBounced),
            soft_bounced: count(ActivityKind::SoftBounced),
        };
        Reply::json(200, &Data { data: domain })
    }

    pub(super) fn create_domain(&self, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.state();
        let facts = self.facts(&state, now, &[]);
        let mut findings = examine(DOMAIN, &root, &facts);
        findings.append(examine(DOMAIN_SETTINGS, &root, &facts));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        if state.domains.len() >= MOST_DOMAINS {
            return refuse("create.too_many", &[]);
        }
        let name = root.get("name").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let id = state.domain_id(&name);
        let record = state.domain_record(&name, self.settings.ignore_duplicates, now);
        record.change(&root);
        let domain_settings = record.settings.clone();
        let new = ManagedDomain {
            id,
            name,
            dkim: None,
            spf: None,
            mx: None,
            tracking: None,
            is_verified: false,
            is_dns_active: false,
            is_trial_domain: false,
            domain_settings,
            can: Can { manage: true },
            totals: [],
            is_dkim_txt: false,
            show_dkim_info: false,
            is_being_verified: false,
            is_custom_links_available: false,
        };
        Reply::json(201, &Data { data: new })
    }

    /// A domain that is there, in the form of a new one.
    pub(super) fn managed_domain(&self, state: &mut State, name: &str, now: Timestamp) -> ManagedDomain {
        let is_verified = self.settings.is_verified(name);
        let is_paused = state.is_paused(name);
        let mut domain_settings = state.domain_record(name, self.settings.ignore_duplicates, now).settings.clone();
        domain_settings.send_paused = is_paused;
        ManagedDomain {
            id: id::domain(name),
            name: name.to_owned(),
            dkim: Some(is_verified),
            spf: Some(is_verified),
            mx: Some(is_verified),
            tracking: Some(false),
            is_verified,
            is_dns_active: is_verified,
            is_trial_domain: false,
            domain_settings,
            can: Can { manage: true },
            totals: [],
            is_dkim_txt: false,
            show_dkim_info: false,
            is_being_verified: false,
            is_custom_links_available: false,
        }
    }

    pub(super) fn delete_domain(&self, id: &str) -> Reply {
        let mut state = self.state();
        let Some(name) = state.domain_name(id).map(str::to_owned) else { return not_found() };
        state.domains.retain(|(known, _)| known != id);
        state.records.remove(&name);
        state.smtp_users.forget(id);
        state.paused_domains.remove(&name);
        Reply::nothing()
    }

    /// `send_paused` really pauses, and what was held back goes on when it ends.
    pub(super) fn change_domain(&self, id: &str, request: &Request, now: Timestamp) -> Reply {
        let root = match json_body(request) {
            Ok(root) => root,
            Err(refused) => return refused,
        };
        let mut state = self.caught_up(now);
        let Some(name) = state.domain_name(id).map(str::to_owned) else { return not_found() };
        let findings = examine(DOMAIN_SETTINGS, &root, &self.facts(&state, now, &[]));
        if !findings.is_empty() {
            return note(request, invalid(&findings));
        }
        state.domain_record(&name, self.settings.ignore_duplicates, now).change(&root);
        match root.get("send_paused").filter(|value| !value.is_null()).map(is_true) {
            Some(true) => {
                state.paused_domains.insert(name.clone());
            }
            Some(false) => {
                state.paused_domains.remove(&name);
            }
            None => {}
        }
        let domain = self.show_domain(&mut state, &name, now);
        Reply::json(200, &Data { data: domain })
    }

    /// SPF is shown without what the domain has of its own.
    pub(super) fn dns_records(&self, id: &str, now: Timestamp) -> Reply {
        let mut state = self.state();
        let Some(name) = state.domain_name(id).map(str::to_owned) else { return not_found() };
        let settings = state.domain_record(&name, self.settings.ignore_duplicates, now).settings.clone();
        let record = |hostname: String, r#type, value: &str| DnsRecord {
            hostname,
            r#type,
            value: value.to_owned(),
            priority: (r#type == "MX").then_some("10"),
        };
        let below = |host: &str| format!("{host}.{name}");
        let dns = Dns {
            id: id.to_owned(),
            spf: record(name.clone(), "TXT", "v=spf1 include:_spf.mailersend.net ~all"),
            dkim: record(below("mlsend2._domainkey"), "CNAME", "mlsend2._domainkey.mailersend.net"),
            return_path: record(below(&settings.return_path_subdomain), "CNAME", "mailersend.net"),
            custom_tracking: record(below(&settings.custom_tracking_subdomain), "CNAME", "links.mailersend.net"),
            inbound_routing: record(below(&settings.inbound_routing_subdomain), "MX", INBOUND_HOST),
        };
        Reply::json(200, &Data { data: dns })
    }

    /// The sentence for a domain that is not verified is UNCERTAIN.
    pub(super) fn verify_domain(&self, id: &str) -> Reply {
        let state = self.state();
        let Some(name) = state.domain_name(id) else { return not_found() };
        let fine = self.settings.is_verified(name);
        let message = if fine { "The domain is verified." } else { "The domain is not verified." };
        let data = Checks { dkim: fine, spf: fine, mx: fine, tracking: fine, cname: fine, rp_cname: fine };
        Reply::json(200, &Verification { message, data })
    }

    /// As in lists: without totals.
    fn show_domain(&self, state: &mut State, name: &str, now: Timestamp) -> Domain {
        let since = state.domain_record(name, self.settings.ignore_duplicates, now).created_at;
        let mut domain = self.domain_called(state, name, since);
        let count = |status| {
            let here = state.messages.iter().flat_map(|stored| stored.emails.iter());
            here.filter(|email| email.letter.sheet.domain == name && email.status() == status).count()
        };
        let (queued, sent) = (count(EmailStatus::Queued), count(EmailStatus::Sent));
        let (rejected, delivered) = (count(EmailStatus::Rejected), count(EmailStatus::Delivered));
        let total = [queued, sent, rejected, delivered].iter().sum();
        domain.domain_stats = Some(Stats { total, queued, sent, rejected, delivered });
        domain
    }

    /// As inside of other objects: without counts of emails, and as old as `since` if nothing else is known.
    pub(super) fn domain_called(&self, state: &State, name: &str, since: Timestamp) -> Domain {
        let is_paused = state.is_paused(name);
        let held = if is_paused {
            let waits = |stored: &&super::StoredMessage| {
                stored.emails.iter().any(|e| e.letter.sheet.domain == name && e.status() == EmailStatus::Queued)
            };
            state.messages.iter().filter(waits).count()
        } else {
            0
        };
        let is_verified = self.settings.is_verified(name);
        let record = state.records.get(name);
        let created_at = object_time(record.map_or(since, |record| record.created_at));
        let settings = record.map(|record| record.settings.clone());
        let mut domain_settings = settings.unwrap_or_else(|| DomainSettings::new(self.settings.ignore_duplicates));
        domain_settings.send_paused = is_paused;
        Domain {
            id: id::domain(name),
            name: name.to_owned(),
            dkim: is_verified,
            spf: is_verified,
            tracking: false,
            is_verified,
            is_cname_verified: is_verified,
            is_dns_active: is_verified,
            is_cname_active: is_verified,
            is_tracking_allowed: true,
            domain_stats: None,
            has_not_queued_messages: held > 0,
            not_queued_messages_count: held,
            domain_settings,
            updated_at: created_at.clone(),
            created_at,
            totals: Totals::None([]),
        }
    }
}

impl State {
    /// Which readers of mail from the domain `name` are noticed.
    pub(super) fn tracking(&self, name: &str) -> Tracking {
        let settings = self.records.get(name).map(|record| &record.settings);
        Tracking {
            opens: settings.is_none_or(|settings| settings.track_opens),
            clicks: settings.is_none_or(|settings| settings.track_clicks),
            pixel_on_top: settings.is_some_and(|settings| settings.track_opens_pixel_on_top),
            precedence_bulk: settings.is_some_and(|settings| settings.precedence_bulk),
            footers: self.records.get(name).and_then(|record| record.footers.clone()),
        }
    }

    /// What is remembered of the domain `name`, which is as old as the first look at it.
    /// When a domain was made, or first looked at.
    pub(super) fn domain_since(&self, name: &str) -> Option<Timestamp> {
        self.records.get(name).map(|record| record.created_at)
    }

    fn domain_record(&mut self, name: &str, ignore_duplicates: bool, now: Timestamp) -> &mut Record {
        let settings = || DomainSettings::new(ignore_duplicates);
        self.records.entry(name.to_owned()).or_insert_with(|| Record {
            created_at: now,
            settings: settings(),
            footers: None,
        })
    }
}
