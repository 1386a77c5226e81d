//! Documented paths that are left out: they have nothing to do with sending mail (facts sheet 8.2 and 8.4 to 8.6).

/// Methods, and the path below `/v1/`; `*` is any one segment.
pub(crate) const ABSENT: &[(&[&str], &str)] = &[
    (&["GET"], "analytics/date"),
    (&["GET"], "analytics/country"),
    (&["GET"], "analytics/ua-name"),
    (&["GET"], "analytics/ua-type"),
    (&["GET", "POST"], "blocklist-monitoring"),
    (&["GET", "PUT", "DELETE"], "blocklist-monitoring/*"),
    (&["GET", "POST"], "dmarc-monitoring"),
    (&["PUT", "DELETE"], "dmarc-monitoring/*"),
    (&["GET"], "dmarc-monitoring/*/report"),
    (&["GET"], "dmarc-monitoring/*/report/*"),
    (&["GET"], "dmarc-monitoring/*/report-sources"),
    (&["PUT", "DELETE"], "dmarc-monitoring/*/favorite/*"),
    (&["GET", "POST"], "email-verification"),
    (&["POST"], "email-verification/verify"),
    (&["POST"], "email-verification/verify-async"),
    (&["GET"], "email-verification/verify-async/*"),
    (&["GET"], "email-verification/*"),
    (&["GET"], "email-verification/*/verify"),
    (&["GET"], "email-verification/*/results"),
    (&["GET"], "invites"),
    (&["GET", "DELETE"], "invites/*"),
    (&["POST"], "invites/*/resend"),
    (&["POST"], "sms"),
    (&["GET"], "sms-activity"),
    (&["GET"], "sms-messages"),
    (&["GET"], "sms-messages/*"),
    (&["GET"], "sms-numbers"),
    (&["GET", "PUT", "DELETE"], "sms-numbers/*"),
    (&["GET"], "sms-recipients"),
    (&["GET", "PUT"], "sms-recipients/*"),
    (&["GET", "POST"], "sms-webhooks"),
    (&["GET", "PUT", "DELETE"], "sms-webhooks/*"),
    (&["GET", "POST"], "sms-inbounds"),
    (&["GET", "PUT", "DELETE"], "sms-inbounds/*"),
    (&["GET", "POST"], "users"),
    (&["GET", "PUT", "DELETE"], "users/*"),
];

/// Whether `path`, below `/v1/`, is of the API for `WhatsApp`: its paths are not known, only what they begin with.
pub(crate) fn is_whatsapp(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    first == "whatsapp" || first.starts_with("whatsapp-")
}
