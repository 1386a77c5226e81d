//! MailerSend's documented limits, looked at before anything is sent.
//!
//! The figures are from its email API page (December 2025) and general page (August 2026); an account may have others,
//! which is why they are findings and not refusals of their own.

use std::collections::HashSet;

use serde_json::Value;

use super::attachment::{EXTENSIONS, extension, filename};
use super::payload::Endpoint;
use super::special::Header;
use crate::address::Mailbox;
use crate::message::{Attachment, ByRecipient, Data, Opened};
use crate::transport::Finding;

const MAX_TO: usize = 50;
const MAX_COPIES: usize = 10;
const MAX_SUBJECT: usize = 998;
const MAX_BODY: usize = 2 << 20;
const MAX_TAGS: usize = 5;
const MAX_TAG: usize = 191;
const MAX_ATTACHMENT: u64 = 25_000_000;
/// Of a bulk request, which holds at least one object.
const MAX_BULK: u64 = super::batch::MAX_BYTES;
const MAX_SCHEDULE: i64 = 72 * 60 * 60;
const MAX_IN_REPLY_TO: usize = 998;
const MAX_LIST_UNSUBSCRIBE: usize = 990;
const MAX_LOCAL_PART: usize = 64;

/// What there is to look at: the message as it will be sent, in its own words.
#[expect(clippy::struct_excessive_bools, reason = "facts, each looked at by itself")]
pub(crate) struct Facts<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) from: Option<&'a Mailbox>,
    pub(crate) has_from: bool,
    pub(crate) to: &'a [Mailbox],
    pub(crate) cc: &'a [Mailbox],
    pub(crate) bcc: &'a [Mailbox],
    pub(crate) has_to: bool,
    pub(crate) reply_to: Option<&'a Mailbox>,
    pub(crate) subject: Option<&'a str>,
    /// Whether a subject is missing if there is none.
    pub(crate) wants_subject: bool,
    pub(crate) text: Option<&'a str>,
    pub(crate) html: Option<&'a str>,
    pub(crate) has_content: bool,
    pub(crate) has_template: bool,
    pub(crate) tags: &'a [String],
    /// In Unix seconds, as is `now`.
    pub(crate) send_at: Option<i64>,
    pub(crate) now: i64,
    pub(crate) headers: &'a [Header<'a>],
    pub(crate) in_reply_to: Option<&'a str>,
    pub(crate) list_unsubscribe: Option<&'a str>,
    pub(crate) attachments: &'a [(&'a Attachment, &'a Opened)],
    pub(crate) merge_data: Option<&'a ByRecipient>,
    pub(crate) merge_global_data: Option<&'a Data>,
    /// The keys of data by recipient that mean no `to` recipient.
    pub(crate) unmatched: &'a [&'a str],
}

/// Everything that MailerSend would refuse, or change without a word.
pub(crate) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    found.sender(facts);
    found.recipients(facts);
    found.content(facts);
    found.schedule(facts);
    found.headers(facts);
    found.attachments(facts);
    found.size(facts);
    found.merge_data(facts);
    found.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn limit(&mut self, path: impl Into<String>, text: impl Into<String>, remedy: &str) {
        self.0.push(Finding::limit(path, text, remedy));
    }

    fn advice(&mut self, path: impl Into<String>, text: impl Into<String>, remedy: &str) {
        self.0.push(Finding::advice(path, text, remedy));
    }

    fn longer(&mut self, path: &str, text: Option<&str>, most: usize, unit: &str, remedy: &str) {
        let length = match unit {
            "bytes" => text.map_or(0, str::len),
            // A text of no more bytes than the limit cannot have more characters.
            _ => text.filter(|text| text.len() > most).map_or(0, |text| text.chars().count()),
        };
        if length > most {
            self.limit(path, format!("has {length} {unit}, and MailerSend takes {most}"), remedy);
        }
    }

    fn sender(&mut self, facts: &Facts<'_>) {
        if !facts.has_from && !facts.has_template {
            self.limit(
                "from",
                "is missing",
                "say who the message is from; only a template may have a sender of its own",
            );
        }
        if let Some(from) = facts.from {
            self.mailbox("from", from, false);
        }
        if let Some(reply_to) = facts.reply_to {
            self.mailbox("reply_to[0]", reply_to, false);
        }
    }

    fn recipients(&mut self, facts: &Facts<'_>) {
        if !facts.has_to {
            self.limit("to", "is empty", "MailerSend wants at least one `to` recipient beside cc and bcc");
        }
        // In a bulk request every object has one `to` recipient, so neither the number nor a repetition matters.
        let bulk = facts.endpoint == Endpoint::BulkEmail;
        let lists = [
            ("to", facts.to, if bulk { usize::MAX } else { MAX_TO }),
            ("cc", facts.cc, MAX_COPIES),
            ("bcc", facts.bcc, MAX_COPIES),
        ];
        for (field, list, most) in lists {
            if list.len() > most {
                let text = format!("has {} recipients, and MailerSend takes {most}", list.len());
                self.limit(field, text, "send several messages, or a batch with merge_data and `use-bulk-email`");
            }
            let alone = list.len() < 2 || (bulk && field == "to");
            let mut seen = HashSet::with_capacity(if alone { 0 } else { list.len() });
            for (index, mailbox) in list.iter().enumerate() {
                if !alone && !seen.insert(mailbox.address().key()) {
                    self.limit(format!("{field}[{index}]"), "is in this list before", "keep one of them");
                }
                // Only the path of a finding needs the index as text, and findings are few.
                if is_odd(mailbox) {
                    self.mailbox(&format!("{field}[{index}]"), mailbox, field == "to");
                }
            }
        }
    }

    fn mailbox(&mut self, path: &str, mailbox: &Mailbox, is_to: bool) {
        let local_part = mailbox.address().local_part();
        if !local_part.is_ascii() {
            self.limit(
                path,
                "has a local part beyond ASCII, which MailerSend's API does not take",
                "use an ASCII address of this recipient",
            );
        }
        if local_part.len() > MAX_LOCAL_PART {
            let text = format!("has a local part of {} octets, and RFC 5321 allows {MAX_LOCAL_PART}", local_part.len());
            self.limit(path, text, "correct the address");
        }
        if is_to && mailbox.name().is_some_and(has_separator) {
            self.limit(path, "has a name with `;` or `,`, which MailerSend does not take", "write the name without");
        }
    }

    fn content(&mut self, facts: &Facts<'_>) {
        if facts.subject.is_none_or(str::is_empty) && facts.wants_subject {
            if facts.has_template {
                self.limit(
                    "subject",
                    "is missing, and MailerSend refuses a template without a default subject of its own",
                    "give one, or set it to null to say that the template has one",
                );
            } else {
                self.limit("subject", "is missing", "give one");
            }
        }
        if !facts.has_content {
            self.limit("text", "there is no content", "give text, html or template_id");
        }
        if facts.has_template && (facts.text.is_some() || facts.html.is_some()) {
            self.advice("template_id", "makes MailerSend ignore text and html", "leave them out");
        }
        self.longer("subject", facts.subject, MAX_SUBJECT, "characters", "shorten it");
        self.longer("text", facts.text, MAX_BODY, "bytes", "shorten it");
        self.longer("html", facts.html, MAX_BODY, "bytes", "shorten it, or link to large parts");
        if facts.tags.len() > MAX_TAGS {
            let text = format!("has {} tags, and MailerSend takes {MAX_TAGS}", facts.tags.len());
            self.limit("tags", text, "leave some out");
        }
        for (index, tag) in facts.tags.iter().enumerate().filter(|(_, tag)| tag.len() > MAX_TAG) {
            self.longer(&format!("tags[{index}]"), Some(tag), MAX_TAG, "characters", "shorten it");
        }
    }

    fn schedule(&mut self, facts: &Facts<'_>) {
        let Some(send_at) = facts.send_at else { return };
        if send_at < facts.now {
            self.limit("send_at", "is in the past", "leave it out to send at once");
        } else if send_at > facts.now.saturating_add(MAX_SCHEDULE) {
            self.limit("send_at", "is more than 72 hours ahead, which MailerSend does not keep", "send it later");
        }
    }

    fn headers(&mut self, facts: &Facts<'_>) {
        const DANGEROUS: [&str; 3] = ["bcc", "cc", "subject"];
        for header in facts.headers {
            let path = || format!("headers.{}", header.name.escape_debug());
            if !header.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                let text = "has a name with other characters than letters, digits and hyphens";
                self.limit(path(), text, "rename the header");
            }
            if DANGEROUS.iter().any(|name| header.name.eq_ignore_ascii_case(name)) {
                let text =
                    "would go out as it is: it adds no recipient and sets no subject, and shows everyone what it says";
                self.limit(path(), text, "use the message's own field of that name");
            }
        }
        self.longer("headers.In-Reply-To", facts.in_reply_to, MAX_IN_REPLY_TO, "characters", "give one message id");
        let unsubscribe = facts.list_unsubscribe;
        self.longer("headers.List-Unsubscribe", unsubscribe, MAX_LIST_UNSUBSCRIBE, "characters", "shorten it");
    }

    fn attachments(&mut self, facts: &Facts<'_>) {
        for (index, (attachment, opened)) in facts.attachments.iter().enumerate() {
            let path = format!("attachments[{index}]");
            let filename = filename(attachment);
            match extension(&filename) {
                Some(extension) if EXTENSIONS.contains(&extension.as_str()) => {
                    self.kind(&path, attachment, opened, &extension);
                }
                Some(extension) => {
                    let text = format!("has the extension `.{}`, which MailerSend refuses", extension.escape_debug());
                    self.limit(path.clone(), text, "send a zip archive, or a link");
                }
                None => {
                    let text = "has a file name without an extension, which MailerSend refuses";
                    self.limit(path.clone(), text, "give it the extension of its type: the name decides it");
                }
            }
            match opened.len() {
                0 => self.limit(path, "is empty", "leave it out, or look why there is nothing in it"),
                length if length > MAX_ATTACHMENT => {
                    let text = format!("has {length} bytes, and MailerSend takes {MAX_ATTACHMENT} (25 MB)");
                    self.limit(path, text, "send a link instead");
                }
                _ => {}
            }
        }
    }

    /// An object of a bulk request goes into one request whole. Attachments grow to four thirds in it.
    fn size(&mut self, facts: &Facts<'_>) {
        let attached: u64 = facts.attachments.iter().map(|(_, opened)| opened.len().div_ceil(3) * 4).sum();
        let written: usize = [facts.text, facts.html].into_iter().flatten().map(str::len).sum();
        let bytes = attached.saturating_add(written as u64);
        if facts.endpoint == Endpoint::BulkEmail && bytes > MAX_BULK {
            let text =
                format!("makes a message of {bytes} bytes, and MailerSend takes bulk requests of {MAX_BULK} (50 MB)");
            self.limit("attachments", text, "send a link instead");
        }
    }

    /// Whether name, declared type and content agree: the name's extension decides the type that readers see.
    fn kind(&mut self, path: &str, attachment: &Attachment, opened: &Opened, extension: &str) {
        let of_name = mime_guess::from_ext(extension);
        if let Some(looks_like) = opened.kind() {
            let fits = mime_guess::from_ext(looks_like).iter().any(|kind| of_name.iter().any(|name| name == kind));
            // Office documents and the like are zip archives under another name, and `ai` may be a PDF.
            let container = matches!(looks_like, "zip" | "pdf") && !matches!(extension, "png" | "jpg" | "jpeg" | "gif");
            if !fits && !container && !of_name.is_empty() {
                let text = format!("is named `.{extension}`, and its content looks like `.{looks_like}`");
                self.limit(path, text, "give it the extension of its real type (MS42202)");
                return;
            }
        }
        if let Some(declared) = &attachment.content_type {
            let declared = super::attachment::essence(declared);
            if !of_name.is_empty() && !of_name.iter().any(|name| name.essence_str() == declared) {
                let text = format!(
                    "is declared as {}, and MailerSend will send it as {}, the type of its name",
                    declared.escape_debug(),
                    of_name.first_or_octet_stream()
                );
                self.advice(path, text, "rename it");
            }
        }
    }

    fn merge_data(&mut self, facts: &Facts<'_>) {
        for key in facts.unmatched {
            self.limit(
                format!("merge_data.{}", key.escape_debug()),
                "belongs to no `to` recipient",
                "name the bare address of one, or leave it out",
            );
        }
        if let Some(data) = facts.merge_global_data {
            self.variables("merge_global_data", data);
        }
        for (address, data) in facts.merge_data.into_iter().flatten() {
            if data.keys().any(|key| key.as_bytes().contains(&b'.')) {
                self.variables(&format!("merge_data.{}", address.escape_debug()), data);
            }
        }
    }

    fn variables(&mut self, path: &str, data: &serde_json::Map<String, Value>) {
        for key in data.keys().filter(|key| key.as_bytes().contains(&b'.')) {
            self.limit(
                format!("{path}.{}", key.escape_debug()),
                "has a dot in its name, which MailerSend refuses",
                "nest an object instead: {{ order.id }} reads {\"order\": {\"id\": …}}",
            );
        }
    }
}

/// Whether there may be something to say about a mailbox: a cheap look before the thorough one.
fn is_odd(mailbox: &Mailbox) -> bool {
    let local_part = mailbox.address().local_part();
    !local_part.is_ascii() || local_part.len() > MAX_LOCAL_PART || mailbox.name().is_some_and(has_separator)
}

fn has_separator(name: &str) -> bool {
    name.bytes().any(|byte| matches!(byte, b';' | b','))
}
