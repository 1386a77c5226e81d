//! Which paths there are.

use crate::absent::{ABSENT, is_whatsapp};

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Email,
    Bulk,
    BulkStatus,
    Quota,
    Messages,
    Message,
    Suppressions,
    Suppress,
    Unsuppress,
    Emails,
    SentEmail,
    Schedules,
    Schedule,
    DeleteSchedule,
    Recipients,
    Recipient,
    DeleteRecipient,
    Templates,
    Template,
    CreateTemplate,
    ChangeTemplate,
    DeleteTemplate,
    Domains,
    Domain,
    CreateDomain,
    DeleteDomain,
    DomainSettings,
    DomainRecipients,
    DnsRecords,
    VerifyDomain,
    SmtpUsers,
    SmtpUser,
    AddSmtpUser,
    ChangeSmtpUser,
    DeleteSmtpUser,
    /// Documented, and left out here although its path is not.
    Absent,
    InboundRoutes,
    InboundRoute,
    CreateInboundRoute,
    ChangeInboundRoute,
    DeleteInboundRoute,
    Webhooks,
    Webhook,
    AddWebhook,
    ChangeWebhook,
    DeleteWebhook,
    Tokens,
    Token,
    MakeToken,
    ChangeToken,
    TokenSettings,
    DeleteToken,
    Identities,
    AddIdentity,
    Identity,
    ChangeIdentity,
    DeleteIdentity,
    ResendIdentity,
    IdentityByEmail,
    ChangeIdentityByEmail,
    DeleteIdentityByEmail,
    Activity,
    OneActivity,
}

/// One path that is emulated.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// Below `/v1/`; `*` is any one segment, `|` separates alternatives.
    pub(crate) pattern: &'static str,
    pub(crate) endpoint: Endpoint,
    /// The scopes that open it, any of them; none: every token may. For reading UNCERTAIN.
    pub(crate) scopes: &'static [&'static str],
}

const LISTS: &str = "suppressions/blocklist|hard-bounces|spam-complaints|unsubscribes|on-hold-list";
/// MailerSend fills the on-hold list itself (facts sheet 8.2).
const LISTS_TO_ADD_TO: &str = "suppressions/blocklist|hard-bounces|spam-complaints|unsubscribes";

const ROUTES: &[Route] = &[
    Route { method: "POST", pattern: "email", endpoint: Endpoint::Email, scopes: &["email_full"] },
    Route { method: "POST", pattern: "bulk-email", endpoint: Endpoint::Bulk, scopes: &["email_full"] },
    Route { method: "GET", pattern: "bulk-email/*", endpoint: Endpoint::BulkStatus, scopes: &["email_full"] },
    Route { method: "GET", pattern: "api-quota", endpoint: Endpoint::Quota, scopes: &[] },
    Route { method: "GET", pattern: "messages", endpoint: Endpoint::Messages, scopes: READ },
    Route { method: "GET", pattern: "messages/*", endpoint: Endpoint::Message, scopes: READ },
    Route {
        method: "GET",
        pattern: LISTS,
        endpoint: Endpoint::Suppressions,
        scopes: &["suppressions_read", "suppressions_full"],
    },
    Route { method: "POST", pattern: LISTS_TO_ADD_TO, endpoint: Endpoint::Suppress, scopes: &["suppressions_full"] },
    Route { method: "DELETE", pattern: LISTS, endpoint: Endpoint::Unsuppress, scopes: &["suppressions_full"] },
    Route { method: "GET", pattern: "emails", endpoint: Endpoint::Emails, scopes: READ },
    Route { method: "GET", pattern: "email/*", endpoint: Endpoint::SentEmail, scopes: READ },
    Route { method: "GET", pattern: "message-schedules", endpoint: Endpoint::Schedules, scopes: EMAIL },
    Route { method: "GET", pattern: "message-schedules/*", endpoint: Endpoint::Schedule, scopes: EMAIL },
    Route { method: "DELETE", pattern: "message-schedules/*", endpoint: Endpoint::DeleteSchedule, scopes: EMAIL },
    Route { method: "GET", pattern: "recipients", endpoint: Endpoint::Recipients, scopes: RECIPIENTS },
    Route { method: "GET", pattern: "recipients/*", endpoint: Endpoint::Recipient, scopes: RECIPIENTS },
    Route {
        method: "DELETE",
        pattern: "recipients/*",
        endpoint: Endpoint::DeleteRecipient,
        scopes: &["recipients_full"],
    },
    Route { method: "GET", pattern: "templates", endpoint: Endpoint::Templates, scopes: TEMPLATES },
    Route { method: "GET", pattern: "templates/*", endpoint: Endpoint::Template, scopes: TEMPLATES },
    Route { method: "POST", pattern: "templates", endpoint: Endpoint::CreateTemplate, scopes: TEMPLATES },
    Route { method: "PUT", pattern: "templates/*", endpoint: Endpoint::ChangeTemplate, scopes: TEMPLATES },
    Route { method: "DELETE", pattern: "templates/*", endpoint: Endpoint::DeleteTemplate, scopes: TEMPLATES },
    Route { method: "GET", pattern: "domains", endpoint: Endpoint::Domains, scopes: DOMAINS },
    Route { method: "GET", pattern: "domains/*", endpoint: Endpoint::Domain, scopes: DOMAINS },
    Route { method: "POST", pattern: "domains", endpoint: Endpoint::CreateDomain, scopes: &["domains_full"] },
    Route { method: "DELETE", pattern: "domains/*", endpoint: Endpoint::DeleteDomain, scopes: &["domains_full"] },
    Route {
        method: "PUT",
        pattern: "domains/*/settings",
        endpoint: Endpoint::DomainSettings,
        scopes: &["domains_full"],
    },
    Route { method: "GET", pattern: "domains/*/recipients", endpoint: Endpoint::DomainRecipients, scopes: DOMAINS },
    Route { method: "GET", pattern: "domains/*/dns-records", endpoint: Endpoint::DnsRecords, scopes: DOMAINS },
    Route { method: "GET", pattern: "domains/*/verify", endpoint: Endpoint::VerifyDomain, scopes: DOMAINS },
    Route { method: "GET", pattern: "domains/*/smtp-users", endpoint: Endpoint::SmtpUsers, scopes: SMTP_USERS },
    Route { method: "GET", pattern: "domains/*/smtp-users/*", endpoint: Endpoint::SmtpUser, scopes: SMTP_USERS },
    Route { method: "POST", pattern: "domains/*/smtp-users", endpoint: Endpoint::AddSmtpUser, scopes: SMTP_USERS_FULL },
    Route {
        method: "PUT",
        pattern: "domains/*/smtp-users/*",
        endpoint: Endpoint::ChangeSmtpUser,
        scopes: SMTP_USERS_FULL,
    },
    Route {
        method: "DELETE",
        pattern: "domains/*/smtp-users/*",
        endpoint: Endpoint::DeleteSmtpUser,
        scopes: SMTP_USERS_FULL,
    },
    Route { method: "GET", pattern: "inbound", endpoint: Endpoint::InboundRoutes, scopes: INBOUND },
    Route { method: "GET", pattern: "inbound/*", endpoint: Endpoint::InboundRoute, scopes: INBOUND },
    Route { method: "POST", pattern: "inbound", endpoint: Endpoint::CreateInboundRoute, scopes: INBOUND },
    Route { method: "PUT", pattern: "inbound/*", endpoint: Endpoint::ChangeInboundRoute, scopes: INBOUND },
    Route { method: "DELETE", pattern: "inbound/*", endpoint: Endpoint::DeleteInboundRoute, scopes: INBOUND },
    Route { method: "GET", pattern: "webhooks", endpoint: Endpoint::Webhooks, scopes: WEBHOOKS },
    Route { method: "GET", pattern: "webhooks/*", endpoint: Endpoint::Webhook, scopes: WEBHOOKS },
    Route { method: "POST", pattern: "webhooks", endpoint: Endpoint::AddWebhook, scopes: WEBHOOKS },
    Route { method: "PUT", pattern: "webhooks/*", endpoint: Endpoint::ChangeWebhook, scopes: WEBHOOKS },
    Route { method: "DELETE", pattern: "webhooks/*", endpoint: Endpoint::DeleteWebhook, scopes: WEBHOOKS },
    Route { method: "GET", pattern: "token", endpoint: Endpoint::Tokens, scopes: TOKENS },
    Route { method: "GET", pattern: "token/*", endpoint: Endpoint::Token, scopes: TOKENS },
    Route { method: "POST", pattern: "token", endpoint: Endpoint::MakeToken, scopes: TOKENS },
    Route { method: "PUT", pattern: "token/*", endpoint: Endpoint::ChangeToken, scopes: TOKENS },
    Route { method: "PUT", pattern: "token/*/settings", endpoint: Endpoint::TokenSettings, scopes: TOKENS },
    Route { method: "DELETE", pattern: "token/*", endpoint: Endpoint::DeleteToken, scopes: TOKENS },
    Route { method: "GET", pattern: "identities", endpoint: Endpoint::Identities, scopes: SENDERS },
    Route { method: "POST", pattern: "identities", endpoint: Endpoint::AddIdentity, scopes: CHANGE_SENDERS },
    Route { method: "GET", pattern: "identities/*", endpoint: Endpoint::Identity, scopes: SENDERS },
    Route { method: "PUT", pattern: "identities/*", endpoint: Endpoint::ChangeIdentity, scopes: CHANGE_SENDERS },
    Route { method: "DELETE", pattern: "identities/*", endpoint: Endpoint::DeleteIdentity, scopes: CHANGE_SENDERS },
    Route { method: "GET", pattern: "identities/email/*", endpoint: Endpoint::IdentityByEmail, scopes: SENDERS },
    Route {
        method: "PUT",
        pattern: "identities/email/*",
        endpoint: Endpoint::ChangeIdentityByEmail,
        scopes: CHANGE_SENDERS,
    },
    Route {
        method: "DELETE",
        pattern: "identities/email/*",
        endpoint: Endpoint::DeleteIdentityByEmail,
        scopes: CHANGE_SENDERS,
    },
    Route {
        method: "POST",
        pattern: "identities/*/resend",
        endpoint: Endpoint::ResendIdentity,
        scopes: CHANGE_SENDERS,
    },
    Route { method: "GET", pattern: "activity/*", endpoint: Endpoint::Activity, scopes: ACTIVITY },
    Route { method: "GET", pattern: "activities/*", endpoint: Endpoint::OneActivity, scopes: ACTIVITY },
];

/// The name under which questions about activities and emails are counted together.
pub(crate) const READINGS: &str = "activity";

const WEBHOOKS: &[&str] = &["webhooks_full"];
const ACTIVITY: &[&str] = &["activity_read", "activity_full"];
const TOKENS: &[&str] = &["tokens_full"];
const SENDERS: &[&str] = &["sender_identity_read", "sender_identity_full"];
const CHANGE_SENDERS: &[&str] = &["sender_identity_full"];
const EMAIL: &[&str] = &["email_full"];
const RECIPIENTS: &[&str] = &["recipients_read", "recipients_full"];
const TEMPLATES: &[&str] = &["templates_full"];
const DOMAINS: &[&str] = &["domains_read", "domains_full"];
const SMTP_USERS: &[&str] = &["smtp_users_read", "smtp_users_full"];
const SMTP_USERS_FULL: &[&str] = &["smtp_users_full"];
const INBOUND: &[&str] = &["inbounds_full"];
const READ: &[&str] = &["email_full", "activity_read", "activity_full"];

/// Every route that is emulated.
pub(crate) fn emulated() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.endpoint != Endpoint::Absent)
}

/// The names that requests are counted under.
pub(crate) fn counted() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.pattern).chain([READINGS])
}

/// Where a request leads.
pub(crate) enum Found<'a> {
    /// An emulated route and the last segment of the path.
    Route(&'static Route, &'a str),
    /// The path exists, but not for this method; these are the ones it has.
    WrongMethod(Vec<&'static str>),
    NotEmulated,
    Nothing,
}

/// Finds the route for `path`, which starts with `/v1/`. One trailing slash is ignored (UNCERTAIN, facts sheet 1.1).
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Found<'a> {
    let Some(path) = path.strip_prefix("/v1/") else { return Found::Nothing };
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut methods = Vec::new();
    for route in ROUTES.iter().filter(|route| matches(route.pattern, path)) {
        if route.endpoint == Endpoint::Absent {
            if route.method == method {
                return Found::NotEmulated;
            }
            continue;
        }
        if route.method == method {
            return Found::Route(route, path.rsplit('/').next().unwrap_or_default());
        }
        methods.push(route.method);
    }
    for (known, _) in ABSENT.iter().filter(|(_, pattern)| matches(pattern, path)) {
        if known.contains(&method) {
            return Found::NotEmulated;
        }
        methods.extend(known.iter().filter(|known| !methods.contains(known)).collect::<Vec<_>>());
    }
    if is_whatsapp(path) {
        Found::NotEmulated
    } else if methods.is_empty() {
        Found::Nothing
    } else {
        Found::WrongMethod(methods)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(segment)) if !segment.is_empty() => {}
            (Some(wanted), Some(segment)) if wanted.split('|').any(|name| name == segment) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_somewhere() {
        let check = |method, path, expected: &str| {
            let found = match find(method, path) {
                Found::Route(route, last) => format!("{:?} {last}", route.endpoint),
                Found::WrongMethod(methods) => format!("405 {}", methods.join(", ")),
                Found::NotEmulated => "501".to_owned(),
                Found::Nothing => "404".to_owned(),
            };
            assert_eq!(found, expected, "{method} {path}");
        };
        check("POST", "/v1/email", "Email email");
        check("POST", "/v1/email/", "Email email");
        check("GET", "/v1/email", "405 POST");
        check("GET", "/v1/email/123", "SentEmail 123");
        check("DELETE", "/v1/email/123", "405 GET");
        check("POST", "/v1/templates", "CreateTemplate templates");
        check("PATCH", "/v1/templates/x", "405 GET, PUT, DELETE");
        check("PUT", "/v1/domains/x/settings", "DomainSettings settings");
        check("GET", "/v1/domains/x/smtp-users", "SmtpUsers smtp-users");
        check("PUT", "/v1/domains/x/smtp-users/y", "ChangeSmtpUser y");
        check("GET", "/v1/domains/x/ip-addresses", "404");
        check("GET", "/v1/bulk-email/abc", "BulkStatus abc");
        check("GET", "/v1/bulk-email", "405 POST");
        check("DELETE", "/v1/suppressions/on-hold-list", "Unsuppress on-hold-list");
        check("POST", "/v1/suppressions/on-hold-list", "405 GET, DELETE");
        check("GET", "/v1/suppressions/nobody", "404");
        check("GET", "/v1/users/x", "501");
        check("PATCH", "/v1/users/x", "405 GET, PUT, DELETE");
        check("GET", "/v1/users/x/y", "404");
        check("GET", "/v1/domains/x/nonsense", "404");
        check("POST", "/v1/email-verification/verify", "501");
        check("PUT", "/v1/email-verification/verify", "405 POST, GET");
        check("POST", "/v1/whatsapp/send", "501");
        check("GET", "/v2/messages", "404");
        check("GET", "/", "404");
    }
}
