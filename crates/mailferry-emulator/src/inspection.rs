//! What people who do not write Rust can ask an emulator, under a path that MailerSend does not have.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use crate::inbound::form;
use crate::lifecycle;
use crate::message::{Attachment, Email, Message, Suppressed};
use crate::reply::Reply;
use crate::request::Request;
use crate::service::{Service, StoredMessage, decode, refuse};
use crate::webhooks;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    emulates: &'static str,
    url: String,
    time: String,
    dropped_messages: u64,
    dropped_requests: u64,
    dropped_deliveries: u64,
}

#[derive(Serialize)]
struct ShownEmail<'a> {
    id: &'a str,
    message_id: &'a str,
    bulk_email_id: Option<&'a str>,
    recipient: &'a crate::message::Mailbox,
    role: crate::message::Role,
    status: crate::message::EmailStatus,
    subject: &'a str,
    text: Option<&'a str>,
    html: Option<&'a str>,
    from: Option<&'a crate::message::Mailbox>,
    reply_to: Option<&'a crate::message::Mailbox>,
    to: &'a [crate::message::Mailbox],
    cc: &'a [crate::message::Mailbox],
    template_id: Option<&'a str>,
    tags: &'a [String],
    headers: &'a [(String, String)],
    attachments: Vec<ShownFile<'a>>,
    suppressed: &'a [Suppressed],
    send_at: Option<String>,
    created_at: String,
    request: &'a Value,
}

#[derive(Serialize)]
struct ShownFile<'a> {
    filename: &'a str,
    inline: bool,
    id: Option<&'a str>,
    size: usize,
    url: String,
}

/// `body` is text when it is UTF-8, and null when it is not; `size` is always that of the bytes.
#[derive(Serialize)]
struct ShownRequest<'a> {
    at: String,
    method: &'a str,
    target: &'a str,
    headers: &'a [(String, String)],
    size: usize,
    body: Option<&'a str>,
    status: Option<u16>,
}

/// A request for the inspection.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Without parameters.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }

    /// Every value of a parameter of the query.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(known, _)| *known == name).map(|(_, value)| decode(value)).collect()
    }

    /// Whether a browser asks for a page of somebody else: that is what `Origin` is for, with everything but GET.
    fn is_foreign(&self) -> bool {
        let host = self.header("host").unwrap_or_default();
        self.header("origin").is_some_and(|origin| origin != format!("http://{host}"))
    }

    /// Whether it came by a name that a page of somebody else cannot have. A page may lead its own name to this machine,
    /// and then ask and read as if it were the emulator's; an address, or a name that only this machine or its network
    /// has, it cannot take.
    fn is_by_local_name(&self) -> bool {
        let Some(host) = self.header("host") else { return true };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => host,
        };
        let name = name.to_ascii_lowercase();
        let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        literal.parse::<IpAddr>().is_ok()
            || !name.contains('.')
            || [".localhost", ".internal"].iter().any(|end| name.ends_with(end))
    }
}

/// Whether `target` is one of the inspection's.
pub(crate) fn is_its(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path.strip_prefix("/_emulator").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer to a request [for the inspection](is_its).
pub(crate) fn answer(service: &Service, asked: &Asked<'_>) -> Reply {
    let path = asked.target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    let is_open = !service.is_exposed || asked.token.is_some_and(|token| service.settings.token(token).is_some());
    match (asked.method, parts.as_slice()) {
        ("GET", ["health"]) => health(service),
        _ if !is_open => refuse("auth.token", &[]),
        _ if !service.is_exposed && !asked.is_by_local_name() => {
            Reply::sentence(403, "Ask by address, by localhost, or by another name that only this network has.")
        }
        ("GET", ["emails"]) => emails(service),
        ("GET", ["emails", id, "attachments", position]) => attachment(service, id, position),
        ("GET", ["requests"]) => requests(service),
        (method, _) if method != "GET" && asked.is_foreign() => {
            Reply::sentence(403, "Pages of other origins may not change anything here.")
        }
        ("POST", ["inbound"]) => form::receive(service, asked),
        ("POST", ["emails", id, "reply"]) => form::reply(service, id, asked),
        ("GET", ["inbound"]) => form::list(service),
        ("GET", ["inbound", id]) => form::raw(service, id),
        ("DELETE", []) => {
            service.state().reset();
            Reply { status: 204, headers: Vec::new(), body: Vec::new() }
        }
        (method, parts) => lifecycle::inspection::answer(service, method, parts, asked.target)
            .or_else(|| webhooks::inspection::answer(service, method, parts))
            .unwrap_or_else(|| Reply::sentence(404, "The emulator has no such inspection.")),
    }
}

fn health(service: &Service) -> Reply {
    let state = service.state();
    let health = Health {
        status: "ok",
        emulates: "MailerSend",
        url: service.url.clone(),
        time: service.clock.now().to_string(),
        dropped_messages: state.messages.dropped(),
        dropped_requests: state.requests.dropped(),
        dropped_deliveries: state.outbox.lost(),
    };
    Reply::json(200, &health)
}

fn emails(service: &Service) -> Reply {
    let emails = service.emails();
    let shown: Vec<_> = emails.iter().map(show_email).collect();
    Reply::json(200, &shown)
}

fn show_email(email: &Email) -> ShownEmail<'_> {
    let Message {
        id,
        bulk_email_id,
        created_at,
        from,
        reply_to,
        to,
        cc,
        bcc: _, // hidden from readers
        subject: _,
        text: _,
        html: _, // each reader's own are shown
        template_id,
        tags,
        headers,
        attachments,
        send_at,
        paused: _, // its effect is in the status
        suppressed,
        request,
    } = email.message();
    ShownEmail {
        id: email.id(),
        message_id: id,
        bulk_email_id: bulk_email_id.as_deref(),
        recipient: email.recipient(),
        role: email.role(),
        status: email.status(),
        subject: email.subject(),
        text: email.text(),
        html: email.html(),
        from: from.as_ref(),
        reply_to: reply_to.as_ref(),
        to,
        cc,
        template_id: template_id.as_deref(),
        tags,
        headers,
        attachments: attachments.iter().enumerate().map(|(i, file)| show_file(email.id(), i, file)).collect(),
        suppressed,
        send_at: send_at.map(|at| at.to_string()),
        created_at: created_at.to_string(),
        request,
    }
}

fn show_file<'a>(email: &str, position: usize, file: &'a Attachment) -> ShownFile<'a> {
    ShownFile {
        filename: &file.filename,
        inline: file.inline,
        id: file.id.as_deref(),
        size: file.content.len(),
        url: format!("/_emulator/emails/{email}/attachments/{position}"),
    }
}

fn attachment(service: &Service, email: &str, position: &str) -> Reply {
    let emails = service.emails();
    let found = emails.iter().find(|known| known.id() == email);
    let file = found.and_then(|email| email.message().attachments.get(position.parse::<usize>().ok()?));
    let Some(file) = file else { return Reply::sentence(404, "The emulator has no such attachment.") };
    // Never shown as what it says it is: a browser would run it.
    let headers = vec![
        ("content-type", "application/octet-stream".to_owned()),
        ("content-disposition", "attachment".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    Reply { status: 200, headers, body: file.content.to_vec() }
}

fn requests(service: &Service) -> Reply {
    let requests: Vec<Request> = service.state().requests.iter().cloned().collect();
    let shown: Vec<_> = requests
        .iter()
        .map(|request| ShownRequest {
            at: request.at().to_string(),
            method: request.method(),
            target: request.target(),
            headers: request.headers(),
            size: request.body().len(),
            body: std::str::from_utf8(request.body()).ok(),
            status: request.status(),
        })
        .collect();
    Reply::json(200, &shown)
}

impl Service {
    /// Every remembered email, oldest first, with its status as of now.
    pub(crate) fn emails(&self) -> Vec<Email> {
        let state = self.caught_up(self.clock.now());
        state.messages.iter().flat_map(StoredMessage::emails).collect()
    }
}
