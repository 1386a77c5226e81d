//! From a mail to the JSON that would say the same to the API.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::inbound::{Content, File, Headers, Person, people, text_of};
use crate::smtp::Envelope;

/// A submitted mail.
pub(crate) struct Submitted {
    /// What the API's rules look at.
    pub(crate) root: Value,
    /// The names beside addresses, by the address in lower case. They are not examined: a comma in a name, which the API
    /// refuses, is common in mails (that MailerSend's relay takes it is UNCERTAIN).
    pub(crate) names: HashMap<String, String>,
    /// The headers that no field has. Every mail program adds some, so they are no matter of the plan, and their names may
    /// be any (UNCERTAIN).
    pub(crate) headers: Vec<(String, String)>,
    /// Likewise no matter of the plan.
    pub(crate) list_unsubscribe: Option<String>,
}

/// Headers that fields have, or that are written anew on the way.
const KNOWN: &[&str] = &[
    "bcc",
    "cc",
    "date",
    "dkim-signature",
    "from",
    "in-reply-to",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "precedence",
    "received",
    "references",
    "reply-to",
    "return-path",
    "subject",
    "to",
    "x-mailersend-tags",
];

impl Submitted {
    /// Reads the mail. Recipients are those of the envelope: in `to` and `cc` where a header of that name has them, else in
    /// `bcc`. Whom only a header has does not get it.
    pub(crate) fn read(envelope: &Envelope, raw: &[u8]) -> Self {
        let headers = Headers::of(raw);
        let everyone = |name: &str| -> Vec<Person> { headers.values(name).into_iter().flat_map(people).collect() };
        let (to, cc) = (everyone("to"), everyone("cc"));
        let names = to.iter().chain(&cc);
        let names = names.filter_map(|Person { email, name }| Some((email.to_ascii_lowercase(), name.clone()?)));
        let names: HashMap<String, String> = names.collect();
        let addresses = |list: &[Person]| list.iter().map(|p| p.email.to_ascii_lowercase()).collect::<HashSet<_>>();
        let (visible, copied) = (addresses(&to), addresses(&cc));
        let (mut tos, mut ccs, mut bccs) = (Vec::new(), Vec::new(), Vec::new());
        for recipient in &envelope.recipients {
            let address = recipient.to_ascii_lowercase();
            let list = if visible.contains(&address) {
                &mut tos
            } else if copied.contains(&address) {
                &mut ccs
            } else {
                &mut bccs
            };
            list.push(json!({ "email": recipient }));
        }

        let mut root = Map::new();
        let mut set = |name: &str, value: Value| root.insert(name.to_owned(), value);
        if let Some(author) = everyone("from").into_iter().next() {
            set("from", mailbox(&author));
        }
        if let Some(answers) = everyone("reply-to").into_iter().next() {
            set("reply_to", mailbox(&answers));
        }
        for (name, list) in [("to", tos), ("cc", ccs), ("bcc", bccs)] {
            if !list.is_empty() {
                set(name, list.into());
            }
        }
        let Content { text, html, files } = Content::of(raw);
        for (name, value) in [("subject", headers.first("subject").map(text_of)), ("text", text), ("html", html)] {
            if let Some(value) = value {
                // Lines end with CRLF only on the way.
                set(name, value.replace("\r\n", "\n").into());
            }
        }
        if !files.is_empty() {
            set("attachments", files.iter().map(attachment).collect());
        }
        let tags = headers.first("x-mailersend-tags").map(tags).unwrap_or_default();
        if !tags.is_empty() {
            set("tags", tags.into());
        }
        // The API wants ids of mails without brackets (facts sheet 3.1).
        let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
        let ids = |text: &str| text_of(text).split_whitespace().map(bare).collect::<Vec<_>>();
        if let Some(id) = headers.first("in-reply-to").and_then(|text| ids(text).into_iter().next()) {
            set("in_reply_to", id.into());
        }
        if let Some(references) = headers.first("references").map(ids) {
            set("references", references.into());
        }
        if headers.first("precedence").is_some_and(|text| text.trim().eq_ignore_ascii_case("bulk")) {
            set("precedence_bulk", true.into());
        }
        Self {
            root: root.into(),
            names,
            list_unsubscribe: headers.first("list-unsubscribe").map(text_of),
            headers: headers.iter().filter(|(name, _)| is_own(name)).map(|(n, v)| (n.to_owned(), text_of(v))).collect(),
        }
    }
}

fn is_own(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.starts_with("content-") && !KNOWN.contains(&name.as_str())
}

fn mailbox(Person { email, name }: &Person) -> Value {
    json!({ "email": email, "name": name })
}

/// `"tag 1, tag 2, tag 3"`, quotes and all (documented).
fn tags(header: &str) -> Vec<String> {
    let text = text_of(header);
    let tags = text.trim().trim_matches('"').split(',').map(|tag| tag.trim().to_owned());
    tags.filter(|tag| !tag.is_empty()).collect()
}

fn attachment(file: &File) -> Value {
    let File { name, content_type: _, disposition, content_id, content } = file;
    let mut attachment = json!({ "filename": name, "disposition": disposition, "content": STANDARD.encode(content) });
    if let (Some(id), Some(attachment)) = (content_id, attachment.as_object_mut()) {
        attachment.insert("id".to_owned(), id.as_str().into());
    }
    attachment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(recipients: &[&str], raw: &str) -> Submitted {
        let recipients = recipients.iter().map(|&recipient| recipient.to_owned()).collect();
        Submitted::read(&Envelope { recipients, ..Envelope::default() }, raw.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn recipients_are_those_of_the_envelope() {
        let mail =
            "From: Shop <shop@x.test>\nTo: \"Doe, Ann\" <Ann@x.test>, not@x.test\nCc: bob@x.test, ann@x.test\n\nHi\n";
        let read = read(&["ann@x.test", "bob@x.test", "cyd@x.test"], mail);
        let expected = json!({
            "from": {"email": "shop@x.test", "name": "Shop"},
            "to": [{"email": "ann@x.test"}],
            "cc": [{"email": "bob@x.test"}],
            "bcc": [{"email": "cyd@x.test"}],
            "text": "Hi\n",
        });
        assert_eq!(read.root, expected);
        assert_eq!(read.names["ann@x.test"], "Doe, Ann");
    }

    #[test]
    fn headers_are_fields_or_stay() {
        let mail = "From: shop@x.test\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nDate: now\nMessage-ID: <m@x.test>\n\
                    X-MailerSend-Tags: \"order, second tag,\"\nIn-Reply-To: <a@x.test>\nReferences: <a@x.test>\n \
                    <b@x.test>\nList-Unsubscribe: <https://x.test/u>\nPrecedence: bulk\nX-Order: 12,\n 13\n\
                    Content-Type: text/html\nMIME-Version: 1.0\n\n<p>\nHi</p>\n";
        let Submitted { root, names: _, headers, list_unsubscribe } = read(&[], mail);
        let expected = json!({
            "from": {"email": "shop@x.test", "name": null},
            "subject": "Gr\u{fc}\u{df}e",
            "html": "<p>\nHi</p>\n",
            "tags": ["order", "second tag"],
            "in_reply_to": "a@x.test",
            "references": ["a@x.test", "b@x.test"],
            "precedence_bulk": true,
        });
        assert_eq!(root, expected);
        assert_eq!(headers, [("X-Order".to_owned(), "12, 13".to_owned())]);
        assert_eq!(list_unsubscribe.as_deref(), Some("<https://x.test/u>"));
    }

    #[test]
    fn letters_of_other_charsets_arrive() {
        let mail = b"From: a@x.test\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n";
        let read = Submitted::read(&Envelope::default(), mail);
        assert_eq!(read.root["text"], "Gr\u{fc}\u{df}e\n");
    }
}
