//! The interchange form, read: every mistake with its place.

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Node;
use crate::address::Mailbox;
use crate::message::attachment::{Attachment, bare_id};
use crate::message::builder::{MessageBuilder, single};
use crate::message::field::{Field, Key};
use crate::message::invalid::{InvalidMessage, Problem};
use crate::message::{ByRecipient, Data, Headers, Message, SendAt};

/// Reads the object of a whole message.
pub(crate) fn from_node(node: Node) -> Result<Message, InvalidMessage> {
    let Node::Object(entries) = node else {
        let text = format!("a message is a JSON object, and this is {}", node.kind());
        return Err(InvalidMessage::new(vec![Problem::new("message", text, "")]));
    };
    let mut reader = Reader { builder: Message::builder() };
    for (name, value) in reader.distinct("", entries) {
        let Ok(key) = name.parse::<Key>() else {
            reader.unknown_key("", &name, Key::ALL.iter().map(|key| key.as_str()));
            continue;
        };
        if value == Node::Null {
            reader.builder = reader.builder.without(key);
        } else {
            reader.field(key, value);
        }
    }
    reader.builder.build()
}

/// The word nearest to a misspelt one, when it is near enough to be meant.
pub(crate) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lowered = word.to_lowercase().replace('-', "_");
    known
        .map(|candidate| (edits(&lowered, candidate), candidate))
        .min()
        .filter(|(edits, candidate)| *edits <= candidate.len().div_ceil(3).min(3))
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, left out, changed or swapped with their neighbour to turn one word into another.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().take(64).collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &a) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &b) in to.iter().enumerate() {
            let mut best = (last[column] + usize::from(a != b)).min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && a == to[column - 1] && from[row - 1] == b {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

/// Where in a value the first repeated key is. As deep as the parser lets a text be.
fn repeated(value: &Node) -> Option<String> {
    match value {
        Node::Object(entries) => {
            let mut seen = HashSet::new();
            entries.iter().find_map(|(name, value)| {
                let within = if seen.insert(name) { repeated(value)? } else { String::new() };
                Some(format!(".{}{within}", name.escape_debug()))
            })
        }
        Node::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| Some(format!("[{index}]{}", repeated(item)?)))
        }
        _ => None,
    }
}

struct Reader {
    builder: MessageBuilder,
}

impl Reader {
    fn report(&mut self, problem: Problem) {
        self.builder.problems.push(problem);
    }

    fn wrong_type(&mut self, path: impl Into<String>, wanted: &str, got: &Node) {
        self.report(Problem::new(path, format!("wants {wanted}, and got {}", got.kind()), ""));
    }

    fn unknown_key<'a>(&mut self, at: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) {
        let remedy = match closest(name, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known keys: {}", known.collect::<Vec<_>>().join(", ")),
        };
        let name: String = name.escape_debug().take(80).collect();
        self.report(Problem::new(format!("{at}{name}"), "unknown key", remedy));
    }

    /// The entries of an object, of which none may have the name of an earlier one.
    fn distinct(&mut self, at: &str, entries: Vec<(String, Node)>) -> Vec<(String, Node)> {
        let mut seen = HashSet::new();
        let repeated: Vec<_> =
            entries.iter().filter(|(name, _)| !seen.insert(name)).map(|(name, _)| name.clone()).collect();
        for name in repeated {
            self.report(Problem::new(format!("{at}{}", name.escape_debug()), "is given twice", "keep one of them"));
        }
        entries
    }

    fn field(&mut self, key: Key, value: Node) {
        match key {
            Key::From => self.sender(value),
            Key::To | Key::Cc | Key::Bcc | Key::ReplyTo => self.recipients(key, value),
            Key::EnvelopeSender => self.envelope_sender(value),
            Key::Subject => self.text(key, value, MessageBuilder::subject),
            Key::Text => self.text(key, value, MessageBuilder::text),
            Key::Html => self.text(key, value, MessageBuilder::html),
            Key::TemplateId => self.text(key, value, MessageBuilder::template_id),
            Key::Headers => self.headers(value),
            Key::Attachments => self.attachments(value),
            Key::SendAt => self.send_at(&value),
            Key::Tags => self.tags(value),
            Key::TrackOpens => self.switch(key, &value, MessageBuilder::track_opens),
            Key::TrackClicks => self.switch(key, &value, MessageBuilder::track_clicks),
            Key::Metadata => {
                if let Some(data) = self.data(key.as_str(), value) {
                    self.builder.message.metadata = Field::Set(data);
                }
            }
            Key::MergeGlobalData => {
                if let Some(data) = self.data(key.as_str(), value) {
                    self.builder.message.merge_global_data = Field::Set(data);
                }
            }
            Key::EspExtra => {
                if let Some(data) = self.data(key.as_str(), value) {
                    self.builder.message.esp_extra = Field::Set(data);
                }
            }
            Key::MergeData => {
                if let Some(data) = self.by_recipient(key, value) {
                    self.builder.message.merge_data = Field::Set(data);
                }
            }
            Key::MergeMetadata => {
                if let Some(data) = self.by_recipient(key, value) {
                    self.builder.message.merge_metadata = Field::Set(data);
                }
            }
            Key::MergeHeaders => self.merge_headers(value),
        }
    }

    fn text(&mut self, key: Key, value: Node, set: fn(MessageBuilder, String) -> MessageBuilder) {
        match value {
            Node::Text(text) => self.builder = set(std::mem::take(&mut self.builder), text),
            other => self.wrong_type(key.as_str(), "a string", &other),
        }
    }

    fn switch(&mut self, key: Key, value: &Node, set: fn(MessageBuilder, bool) -> MessageBuilder) {
        match value {
            Node::Bool(on) => self.builder = set(std::mem::take(&mut self.builder), *on),
            other => self.wrong_type(key.as_str(), "true or false", other),
        }
    }

    fn sender(&mut self, value: Node) {
        if let Some(mailboxes) = self.mailboxes(Key::From.as_str(), value) {
            self.builder.message.from = Field::Set(mailboxes);
        }
    }

    fn envelope_sender(&mut self, value: Node) {
        let path = Key::EnvelopeSender.as_str();
        let Some(mailboxes) = self.mailboxes(path, value) else { return };
        match single(mailboxes) {
            Ok(mailbox) => self.builder.message.envelope_sender = Field::Set(mailbox),
            Err(cause) => self.report(Problem::address(path, &cause)),
        }
    }

    fn recipients(&mut self, key: Key, value: Node) {
        let Node::List(items) = value else {
            let remedy = format!("write [{}]", if matches!(value, Node::Text(_)) { "\"…\"" } else { "…" });
            let text = format!("wants a list of addresses, and got {}", value.kind());
            return self.report(Problem::new(key.as_str(), text, remedy));
        };
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            if let Some(mailboxes) = self.mailboxes(&format!("{key}[{index}]"), item) {
                all.extend(mailboxes);
            }
        }
        *self.builder.list(key) = Field::Set(all);
    }

    /// One entry: text, which may hold several addresses, or an object.
    fn mailboxes(&mut self, path: &str, value: Node) -> Option<Vec<Mailbox>> {
        let result = match value {
            Node::Text(text) => Mailbox::parse_list(&text),
            Node::Object(entries) => {
                let (mut email, mut name) = (None, None);
                for (key, value) in self.distinct(&format!("{path}."), entries) {
                    match (key.as_str(), value) {
                        ("email", Node::Text(text)) => email = Some(text),
                        ("name", Node::Text(text)) => name = Some(text).filter(|text| !text.is_empty()),
                        ("name", Node::Null) => {}
                        ("email" | "name", other) => self.wrong_type(format!("{path}.{key}"), "a string", &other),
                        _ => self.unknown_key(&format!("{path}."), &key, ["email", "name"].into_iter()),
                    }
                }
                let Some(email) = email else {
                    self.report(Problem::new(format!("{path}.email"), "is missing", "write {\"email\": \"…\"}"));
                    return None;
                };
                email.parse().and_then(|address| Mailbox::new(name, address)).map(|mailbox| vec![mailbox])
            }
            other => {
                self.wrong_type(path, "an address: a string, or an object with `email` and `name`", &other);
                return None;
            }
        };
        match result {
            Ok(mailboxes) => Some(mailboxes),
            Err(cause) => {
                self.report(Problem::address(path, &cause));
                None
            }
        }
    }

    fn headers(&mut self, value: Node) {
        let Node::Object(entries) = value else {
            return self.wrong_type(Key::Headers.as_str(), "an object of strings", &value);
        };
        self.builder.message.headers = Field::Set(Headers::default());
        for (name, value) in self.distinct("headers.", entries) {
            if let Some(value) = self.header_value("headers", &name, value) {
                self.builder = std::mem::take(&mut self.builder).header(name, value);
            }
        }
    }

    fn merge_headers(&mut self, value: Node) {
        let key = Key::MergeHeaders;
        let Node::Object(recipients) = value else {
            return self.wrong_type(key.as_str(), "an object of objects, by address", &value);
        };
        self.builder.message.merge_headers = Field::Set(BTreeMap::new());
        for (address, value) in self.distinct(&format!("{key}."), recipients) {
            let path = format!("{key}.{}", address.escape_debug());
            let Node::Object(entries) = value else {
                self.wrong_type(path, "an object of strings", &value);
                continue;
            };
            self.builder.message.merge_headers.update(|all| {
                all.entry(address.clone()).or_default();
            });
            for (name, value) in self.distinct(&format!("{path}."), entries) {
                if let Some(value) = self.header_value(&path, &name, value) {
                    self.builder = std::mem::take(&mut self.builder).merge_header(address.clone(), name, value);
                }
            }
        }
    }

    /// HDR-12: a number is unmistakable as text, and null means there is none.
    fn header_value(&mut self, path: &str, name: &str, value: Node) -> Option<String> {
        match value {
            Node::Text(text) => Some(text),
            Node::Number(number) => Some(number.to_string()),
            Node::Null => None,
            other => {
                self.wrong_type(format!("{path}.{}", name.escape_debug()), "a string", &other);
                None
            }
        }
    }

    fn send_at(&mut self, value: &Node) {
        let when = match value {
            Node::Text(text) => text.parse().ok(),
            Node::Number(number) => match number.as_i64() {
                Some(seconds) => SendAt::unix(seconds),
                None => number.as_f64().and_then(SendAt::unix_float),
            },
            other => return self.wrong_type(Key::SendAt.as_str(), "a time: RFC 3339 or Unix seconds", other),
        };
        match when {
            Some(when) => self.builder.message.send_at = Field::Set(when),
            None => self.builder.bad_send_at(),
        }
    }

    fn tags(&mut self, value: Node) {
        let Node::List(items) = value else {
            return self.wrong_type(Key::Tags.as_str(), "a list of strings", &value);
        };
        self.builder.message.tags = Field::Set(Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Node::Text(tag) => self.builder = std::mem::take(&mut self.builder).tag(tag),
                other => self.wrong_type(format!("tags[{index}]"), "a string", &other),
            }
        }
    }

    fn data(&mut self, path: &str, value: Node) -> Option<Data> {
        match value {
            Node::Object(entries) => {
                let entries = self.distinct(&format!("{path}."), entries);
                for (key, value) in &entries {
                    if let Some(within) = repeated(value) {
                        let path = format!("{path}.{}{within}", key.escape_debug());
                        self.report(Problem::new(path, "is given twice", "keep one of them"));
                    }
                }
                Some(entries.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
            other => {
                self.wrong_type(path, "an object", &other);
                None
            }
        }
    }

    fn by_recipient(&mut self, key: Key, value: Node) -> Option<ByRecipient> {
        let Node::Object(entries) = value else {
            self.wrong_type(key.as_str(), "an object of objects, by address", &value);
            return None;
        };
        let mut all = BTreeMap::new();
        for (address, value) in self.distinct(&format!("{key}."), entries) {
            let path = format!("{key}.{}", address.escape_debug());
            if let Some(data) = self.data(&path, value) {
                all.insert(address, data);
            }
        }
        Some(all)
    }

    fn attachments(&mut self, value: Node) {
        let Node::List(items) = value else {
            return self.wrong_type(Key::Attachments.as_str(), "a list of objects", &value);
        };
        self.builder.message.attachments = Field::Set(Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("attachments[{index}]");
            if let Some(attachment) = self.attachment(&path, item) {
                attachment.problems(&path, &mut self.builder.problems);
                self.builder.message.attachments.update(|attachments| attachments.push(attachment));
            }
        }
    }

    fn attachment(&mut self, path: &str, value: Node) -> Option<Attachment> {
        const KEYS: [&str; 6] = ["path", "filename", "content_type", "content", "content_id", "inline"];
        let Node::Object(entries) = value else {
            self.wrong_type(path, "an object with `path`, or with `filename` and `content`", &value);
            return None;
        };
        let (mut file, mut content) = (None, None);
        let (mut filename, mut content_type, mut content_id, mut inline) = (None, None, None, None);
        for (key, value) in self.distinct(&format!("{path}."), entries) {
            match (key.as_str(), value) {
                (known, Node::Null) if KEYS.contains(&known) => {}
                ("path", Node::Text(text)) => file = Some(text),
                ("filename", Node::Text(text)) => filename = Some(text),
                ("content_type", Node::Text(text)) => content_type = Some(text),
                ("content_id", Node::Text(text)) => content_id = Some(bare_id(&text)),
                ("inline", Node::Bool(value)) => inline = Some(value),
                ("content", Node::Text(text)) => match STANDARD.decode(text) {
                    Ok(bytes) => content = Some(bytes),
                    Err(cause) => {
                        let text = format!("not base64: {}", cause.to_string().to_lowercase());
                        self.report(Problem::new(format!("{path}.content"), text, "encode the bytes as padded base64"));
                        return None;
                    }
                },
                ("inline", other) => self.wrong_type(format!("{path}.inline"), "true or false", &other),
                (known, other) if KEYS.contains(&known) => {
                    self.wrong_type(format!("{path}.{known}"), "a string", &other);
                }
                _ => self.unknown_key(&format!("{path}."), &key, KEYS.into_iter()),
            }
        }
        let mut attachment = match (file, content) {
            (Some(file), None) => Attachment::file(file),
            (None, Some(content)) => Attachment::nameless(content),
            (Some(_), Some(_)) => {
                self.report(Problem::new(path, "has both `path` and `content`", "keep one of them"));
                return None;
            }
            (None, None) => {
                self.report(Problem::new(path, "has neither `path` nor `content`", "give one of them"));
                return None;
            }
        };
        if let Some(filename) = filename {
            attachment.filename = Some(filename);
        }
        attachment.content_type = content_type;
        // A Content-ID that does not say otherwise is there to be referred to.
        attachment.inline = inline.unwrap_or(content_id.is_some());
        attachment.content_id = content_id;
        Some(attachment)
    }
}
