//! From the JSON of a message to what its readers see.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::message::{Attachment, Mailbox, Message, Rendered, Role, Via};
use crate::rules::{decode, unix};
use crate::settings::{RecipientLimits, Settings};
use crate::twig::Template;

/// A message as all its readers would see it, and the fields that cannot be compiled.
#[derive(Debug, Default)]
pub(crate) struct Rendering {
    pub(crate) failed: Vec<&'static str>,
    /// One for each recipient: `to`, then `cc`, then `bcc`.
    readers: Vec<Rendered>,
}

/// A recipient's place and address.
pub(crate) type Recipient = (Role, Mailbox);

/// Everybody that a message is for, in the order `to`, `cc`, `bcc`.
pub(crate) fn recipients(root: &Value) -> Vec<Recipient> {
    [("to", Role::To), ("cc", Role::Cc), ("bcc", Role::Bcc)]
        .into_iter()
        .flat_map(|(list, role)| mailboxes(root, list).into_iter().map(move |mailbox| (role, mailbox)))
        .collect()
}

/// Renders the message for each of its recipients.
///
/// Templates are compiled only when `personalization` was passed (facts sheet 5.2). A recipient without data of their
/// own sees what a single `to` recipient sees, so that copies of a bulk object are that object's; with several `to`
/// recipients they see the message with no data at all. Both UNCERTAIN.
pub(crate) fn render(root: &Value, settings: &Settings, most: RecipientLimits) -> Rendering {
    let text = |name: &str| root.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subject = text("subject").map(str::to_owned).or_else(|| template_default(root, settings, Default::Subject));
    let recipients = recipients(root);
    if recipients.len() > most.total() {
        // It will be refused for that; rendering it a million times first would only take time.
        return Rendering::default();
    }
    let personalization = root.get("personalization").and_then(Value::as_array).filter(|list| !list.is_empty());

    let Some(personalization) = personalization else {
        let plain = Rendered {
            subject: subject.unwrap_or_default().into(),
            text: text("text").map(Into::into),
            html: text("html").map(Into::into),
            warnings: Arc::default(),
        };
        return Rendering { failed: Vec::new(), readers: vec![plain; recipients.len()] };
    };

    let data: HashMap<String, &Value> = personalization
        .iter()
        .filter_map(|item| Some((item.get("email")?.as_str()?.to_ascii_lowercase(), item.get("data")?)))
        .collect();
    let mut tos = recipients.iter().filter(|(role, _)| *role == Role::To);
    let only_to = tos.next().filter(|_| tos.next().is_none());
    let shared = only_to.and_then(|(_, mailbox)| data.get(&mailbox.email.to_ascii_lowercase()).copied());
    let nothing = Value::Object(Map::new());

    let mut rendering = Rendering { failed: Vec::new(), readers: vec![Rendered::default(); recipients.len()] };
    for (field, source) in [("subject", subject.as_deref()), ("text", text("text")), ("html", text("html"))] {
        let Some(source) = source else { continue };
        let Some(template) = Template::compile(source, field == "subject") else {
            rendering.failed.push(field);
            continue;
        };
        for ((_, mailbox), rendered) in recipients.iter().zip(&mut rendering.readers) {
            let own = data.get(&mailbox.email.to_ascii_lowercase()).copied();
            let Some(text) = template.render(own.or(shared).unwrap_or(&nothing)) else {
                rendering.failed.push(field);
                break;
            };
            match field {
                "subject" => rendered.subject = text.into(),
                "text" => rendered.text = Some(text.into()),
                _ => rendered.html = Some(text.into()),
            }
        }
    }
    rendering
}

impl Rendering {
    /// Roughly how much memory it takes beyond the message itself, for the cap.
    pub(crate) fn weight(&self) -> usize {
        let size = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        // Readers who see the same share the text; counting it for each errs on the safe side.
        self.readers.iter().map(|r| 256 + r.subject.len() + size(&r.text) + size(&r.html)).sum()
    }

    pub(crate) fn reader(&self, position: usize) -> Rendered {
        self.readers.get(position).cloned().unwrap_or_default()
    }
}

/// The message that a valid `root` asks for; its id and who is left out are filled in by the caller.
pub(crate) fn read(mut root: Value, settings: &Settings, now: Timestamp) -> Message {
    let string = |name: &str| root.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let list = |name: &str| root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let template_from = || template_default(&root, settings, Default::From).map(|email| Mailbox { email, name: None });
    let header = |item: &Value| Some((item.get("name")?.as_str()?.to_owned(), item.get("value")?.as_str()?.to_owned()));
    let mut message = Message {
        id: String::new(),
        via: Via::Api,
        bulk_email_id: None,
        created_at: now,
        from: root.get("from").and_then(mailbox).or_else(template_from),
        reply_to: root.get("reply_to").and_then(mailbox),
        to: mailboxes(&root, "to"),
        cc: mailboxes(&root, "cc"),
        bcc: mailboxes(&root, "bcc"),
        subject: string("subject").or_else(|| template_default(&root, settings, Default::Subject)),
        text: string("text"),
        html: string("html"),
        template_id: string("template_id"),
        tags: list("tags").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        headers: list("headers").iter().filter_map(header).collect(),
        attachments: list("attachments").iter().filter_map(attachment).collect(),
        send_at: root.get("send_at").and_then(unix).and_then(|seconds| Timestamp::from_second(seconds).ok()),
        paused: false,
        suppressed: Vec::new(),
        request: Value::Null,
    };
    for file in root.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten() {
        // The decoded bytes are kept beside; the text would be a third larger again.
        file.as_object_mut().map(|file| file.remove("content"));
    }
    for field in ["text", "html"] {
        root.as_object_mut().map(|root| root.remove(field));
    }
    message.request = root;
    message
}

#[derive(Clone, Copy)]
enum Default {
    Subject,
    From,
}

fn template_default(root: &Value, settings: &Settings, wanted: Default) -> Option<String> {
    let id = root.get("template_id")?.as_str()?;
    let template = settings.templates.as_ref()?.iter().find(|template| template.id == id)?;
    match wanted {
        Default::Subject => template.subject.clone(),
        Default::From => template.from.clone(),
    }
}

fn mailboxes(root: &Value, list: &str) -> Vec<Mailbox> {
    root.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(mailbox).collect()
}

fn mailbox(value: &Value) -> Option<Mailbox> {
    let email = value.get("email")?.as_str()?.to_owned();
    let name = value.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    Some(Mailbox { email, name })
}

fn attachment(value: &Value) -> Option<Attachment> {
    let string = |name: &str| value.get(name).and_then(Value::as_str);
    Some(Attachment {
        filename: string("filename")?.to_owned(),
        // A missing disposition counts as `attachment` (facts sheet 3.1, UNCERTAIN).
        inline: string("disposition") == Some("inline"),
        id: string("id").map(str::to_owned),
        content: Bytes::from(decode(string("content")?)?),
    })
}

/// The domain of an address, in lower case.
pub(crate) fn domain_of(email: &str) -> Arc<str> {
    email.rsplit_once('@').map_or_else(|| "".into(), |(_, domain)| domain.to_ascii_lowercase().into())
}
