//! A message as MailerSend's JSON: what every recipient shares, written once, and what each has alone.
//!
//! Pure: files have been opened and the time is an argument.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::body::{Segment, Writer};
use super::client::Token;
use super::escape::write_string;
use super::options::{BatchSendMode, Options};
use super::{NAME, attachment, preflight};
use crate::address::{Address, InvalidAddress, Mailbox};
use crate::defaults::merge_deep;
use crate::message::{
    ByRecipient, Data, Field, Headers, InvalidMessage, Key, Message, Opened, Problem, names_recipients,
};
use crate::transport::{Error, ErrorKind, Feature, Finding, Preflight};

/// The two ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// One object: every `to` recipient sees every other.
    Email,
    /// An array of objects, one for each `to` recipient.
    BulkEmail,
}

/// What is to be posted.
#[derive(Debug)]
pub(crate) struct Payload<'m> {
    pub(crate) endpoint: Endpoint,
    /// The token that the message brings along.
    pub(crate) token: Option<Token>,
    /// The visible sender, which is not always the message's `from`.
    pub(crate) sender: Option<Cow<'m, Address>>,
    /// The members that all objects share, each followed by a comma.
    pub(crate) common: Vec<Segment>,
    pub(crate) to: Vec<To<'m>>,
    pub(crate) personalization: Option<Personalization<'m>>,
    pub(crate) dropped: Vec<Feature>,
    pub(crate) warnings: Vec<Finding>,
}

/// A `to` recipient: of the message, or as `esp_extra` replaced it.
#[derive(Debug)]
pub(crate) enum To<'m> {
    Mailbox(&'m Mailbox),
    Extra(Value),
}

impl To<'_> {
    fn email(&self) -> &str {
        match self {
            Self::Mailbox(mailbox) => mailbox.address().to_ascii(),
            Self::Extra(value) => value.get("email").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The address, for the status.
    pub(crate) fn address(&self) -> Option<Cow<'_, Address>> {
        match self {
            Self::Mailbox(mailbox) => Some(Cow::Borrowed(mailbox.address())),
            Self::Extra(_) => self.email().parse().ok().map(Cow::Owned),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Mailbox(mailbox) => write_mailbox(out, mailbox),
            Self::Extra(value) => write_value(out, value),
        }
    }
}

impl Payload<'_> {
    /// Whether `esp_extra` replaced the message's `to` recipients.
    pub(crate) fn replaces_recipients(&self) -> bool {
        self.to.iter().any(|to| matches!(to, To::Extra(_)))
    }
}

/// Template values: those of all, and those of each.
#[derive(Debug)]
pub(crate) struct Personalization<'m> {
    global: Option<&'m Data>,
    /// In the order of the recipients; empty when nobody has any.
    own: Vec<Option<&'m Data>>,
}

impl<'m> Personalization<'m> {
    /// Also returns the keys of data by recipient that mean nobody.
    fn new(
        global: Option<&'m Data>,
        by_recipient: Option<&'m ByRecipient>,
        to: &[To<'_>],
    ) -> (Option<Self>, Vec<&'m str>) {
        let global = global.filter(|data| !data.is_empty());
        let (own, unmatched) = match by_recipient.filter(|data| !data.is_empty()) {
            Some(data) => assign(data, to),
            None => (Vec::new(), Vec::new()),
        };
        let wanted = !to.is_empty() && (global.is_some() || !own.is_empty());
        (wanted.then_some(Self { global, own }), unmatched)
    }

    /// Writes the entry of the recipient at this place: the values of all, with the recipient's own laid over them.
    pub(crate) fn write(&self, place: usize, to: &To<'_>, out: &mut Vec<u8>) {
        let own = self.own.get(place).copied().flatten();
        out.extend_from_slice(b"{\"email\":");
        write_string(out, to.email());
        out.extend_from_slice(b",\"data\":");
        match (self.global, own) {
            (None, Some(only)) | (Some(only), None) => write_object(out, only),
            (None, None) => out.extend_from_slice(b"{}"),
            (Some(global), Some(own)) => {
                write_object(out, global.iter().filter(|(key, _)| !own.contains_key(key.as_str())).chain(own));
            }
        }
        out.push(b'}');
    }
}

/// Says which data is whose, and which keys mean nobody. Keys are compared with the spelling of an address first, which
/// is nearly always enough; to compare what they mean, all of them must be parsed.
fn assign<'m>(data: &'m ByRecipient, to: &[To<'_>]) -> (Vec<Option<&'m Data>>, Vec<&'m str>) {
    let mut spelt: HashMap<&str, (&'m Data, bool)> =
        data.iter().map(|(key, data)| (key.as_str(), (data, false))).collect();
    let mut exact = |spelling: &str| {
        let (data, used) = spelt.get_mut(spelling)?;
        *used = true;
        Some(*data)
    };
    let mut own: Vec<_> = to
        .iter()
        .map(|to| match to {
            To::Mailbox(mailbox) => exact(mailbox.address().as_str()).or_else(|| exact(to.email())),
            To::Extra(_) => exact(to.email()),
        })
        .collect();
    let mut unmatched: Vec<&str> = spelt.into_iter().filter_map(|(key, (_, used))| (!used).then_some(key)).collect();
    if own.contains(&None) {
        let natural: HashMap<String, &Data> = data
            .iter()
            .filter_map(|(key, data)| Some((key.parse::<Address>().ok()?.key().into_owned(), data)))
            .collect();
        for (to, own) in to.iter().zip(&mut own).filter(|(_, own)| own.is_none()) {
            *own = to.address().and_then(|address| natural.get(address.key().as_ref()).copied());
        }
    }
    if !unmatched.is_empty() {
        let natural: HashSet<String> =
            to.iter().filter_map(To::address).map(|address| address.key().into_owned()).collect();
        unmatched.retain(|key| !key.parse::<Address>().is_ok_and(|key| natural.contains(key.key().as_ref())));
        unmatched.sort_unstable();
    }
    (own, unmatched)
}

/// Writes `{email, name?}`.
fn write_mailbox(out: &mut Vec<u8>, mailbox: &Mailbox) {
    out.extend_from_slice(b"{\"email\":");
    write_string(out, mailbox.address().to_ascii());
    if let Some(name) = mailbox.name() {
        out.extend_from_slice(b",\"name\":");
        write_string(out, name);
    }
    out.push(b'}');
}

/// Writes members as an object.
fn write_object<'a>(out: &mut Vec<u8>, members: impl IntoIterator<Item = (&'a String, &'a Value)>) {
    out.push(b'{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_value(out, value);
    }
    out.push(b'}');
}

/// Writes a value as a serializer does, only that texts take less time: they are most of what is merged.
fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => write_string(out, text),
        Value::Object(members) => write_object(out, members),
        other => write(out, other),
    }
}

/// `{email, name?}`, as senders and recipients are written.
#[derive(Serialize)]
struct Recipient<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> From<&'a Mailbox> for Recipient<'a> {
    fn from(mailbox: &'a Mailbox) -> Self {
        Self { email: mailbox.address().to_ascii(), name: mailbox.name() }
    }
}

fn recipients(mailboxes: &[Mailbox]) -> Vec<Recipient<'_>> {
    mailboxes.iter().map(Recipient::from).collect()
}

/// Writes a value as JSON. Nothing that reaches this can fail: keys are strings and numbers are finite.
fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// Builds what is to be posted for `message`, whose attachments have been `opened`.
///
/// # Errors
///
/// Everything that MailerSend cannot do, in one error; or every documented limit that the message breaks.
#[expect(clippy::too_many_lines, reason = "one line for each field of the message: cut up, a field could be forgotten")]
pub(crate) fn payload<'m>(
    message: &'m Message,
    opened: &[Opened],
    options: &Options,
    now: i64,
) -> Result<Payload<'m>, Error> {
    // Taken apart whole: a new field does not compile until it has its place below.
    let Message {
        from,
        envelope_sender,
        to,
        cc,
        bcc,
        reply_to,
        subject,
        text,
        html,
        headers,
        attachments,
        send_at,
        tags,
        metadata,
        track_opens,
        track_clicks,
        template_id,
        merge_data,
        merge_global_data,
        merge_headers,
        merge_metadata,
        esp_extra,
        redirected,
    } = message;

    let mut problems = Vec::new();
    let mut extra = Extra::take(esp_extra.get(), redirected.is_some(), &mut problems);
    let special = Special::take(headers.get(), options.custom_headers, &mut problems);
    if !problems.is_empty() {
        return Err(InvalidMessage::new(problems).into());
    }
    let to = extra.recipients(list(to))?;
    // In the order in which fields are processed, so that the first named is the one Anymail would name.
    let mut unsupported = Vec::new();
    let sender = special.from.as_deref().unwrap_or(list(from));
    if sender.len() > 1 {
        unsupported.push(Feature::MultipleFrom);
    }
    let answers = special.reply_to.as_deref().unwrap_or(list(reply_to));
    if answers.len() > 1 {
        unsupported.push(Feature::MultipleReplyTo);
    }
    unsupported.extend(special.unsupported);
    // A `From` header makes the message's sender the one that bounces go to, and that is always one.
    if special.from.is_some() && list(from).len() > 1 {
        if options.ignore_unsupported_features {
            let several = list(from).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let cause = InvalidAddress::several(&several, list(from).len());
            return Err(InvalidMessage::new(vec![Problem::address(Key::From.as_str(), &cause)]).into());
        }
        unsupported.push(Feature::MultipleFrom);
    }
    if envelope_sender.is_set() || (special.from.is_some() && from.is_set()) {
        unsupported.push(Feature::EnvelopeSender);
    }
    if metadata.get().is_some_and(|data| !data.is_empty()) {
        unsupported.push(Feature::Metadata);
    }
    if merge_headers.is_set() {
        unsupported.push(Feature::MergeHeaders);
    }
    if merge_metadata.get().is_some_and(|data| !data.is_empty()) {
        unsupported.push(Feature::MergeMetadata);
    }
    let mode = match &extra.batch_send_mode {
        Field::Unset => options.batch_send_mode,
        own => own.get().copied(),
    };
    let endpoint = match mode {
        Some(BatchSendMode::UseBulkEmail) if message.is_batch() && !to.is_empty() => Endpoint::BulkEmail,
        None if message.is_batch() && to.len() > 1 => {
            // To guess would show every recipient to every other, or make the status unknowable: so this is refused
            // whatever is to be ignored.
            let mut all = if options.ignore_unsupported_features { Vec::new() } else { unsupported };
            all.push(Feature::BatchWithoutMode);
            return Err(ambiguous(all));
        }
        _ => Endpoint::Email,
    };
    if !unsupported.is_empty() && !options.ignore_unsupported_features {
        return Err(Error::unsupported(NAME, unsupported)
            .with_remedy("leave it out, or set IGNORE_UNSUPPORTED_FEATURES to send without it"));
    }

    let template_id = template_id.get().map(String::as_str).filter(|id| !id.is_empty());
    // With a template, an empty text stands for none: MailerSend would take it for the subject or body.
    let content = |field: &'m Field<String>| {
        field.get().map(String::as_str).filter(|text| template_id.is_none() || !text.is_empty())
    };
    let (subject_text, text, html) = (content(subject), content(text), content(html));
    let send_at = send_at.get().map(|when| when.to_unix(&options.time_zone));
    let attachments: Vec<_> = list(attachments).iter().zip(opened).collect();
    let (personalization, unmatched) = Personalization::new(merge_global_data.get(), merge_data.get(), &to);

    let warnings = match options.preflight {
        Preflight::Off => Vec::new(),
        mode => {
            let facts = preflight::Facts {
                endpoint,
                from: sender.first(),
                has_from: !sender.is_empty() || extra.sets("from"),
                to: list(&message.to),
                cc: list(cc),
                bcc: list(bcc),
                has_to: !to.is_empty(),
                reply_to: answers.first(),
                subject: subject_text,
                // An explicit null says that the template's own subject is meant.
                wants_subject: !matches!(subject, Field::Cleared) && !extra.sets("subject"),
                text,
                html,
                has_content: text.is_some() || html.is_some() || template_id.is_some() || extra.has_content(),
                has_template: template_id.is_some() || extra.sets("template_id"),
                tags: list(tags),
                send_at: send_at.filter(|_| !extra.sets("send_at")),
                now,
                headers: &special.custom,
                in_reply_to: special.in_reply_to.as_deref(),
                list_unsubscribe: special.list_unsubscribe,
                attachments: &attachments,
                merge_data: merge_data.get(),
                merge_global_data: merge_global_data.get(),
                unmatched: &unmatched,
            };
            let (limits, advice): (Vec<_>, Vec<_>) =
                preflight::findings(&facts).into_iter().partition(Finding::is_limit);
            if mode == Preflight::Refuse && !limits.is_empty() {
                return Err(Error::findings(limits));
            }
            limits.into_iter().chain(advice).collect()
        }
    };

    let sender_address = match extra.sender() {
        Some(address) => Some(Cow::Owned(address)),
        None if special.from.is_some() => sender.first().map(|mailbox| Cow::Owned(mailbox.address().clone())),
        None => list(from).first().map(|mailbox| Cow::Borrowed(mailbox.address())),
    };
    let room = text.map_or(0, str::len) + html.map_or(0, str::len) + 512;
    let mut members = Members { writer: Writer::with_capacity(room), extra: &mut extra.members };
    members.mailbox("from", sender.first());
    members.filled("cc", &recipients(list(cc)));
    members.filled("bcc", &recipients(list(bcc)));
    members.mailbox("reply_to", answers.first());
    members.text("subject", subject_text);
    members.some("in_reply_to", special.in_reply_to);
    members.some("precedence_bulk", special.precedence_bulk);
    members.filled("references", &special.references);
    members.some("list_unsubscribe", special.list_unsubscribe);
    members.filled("headers", &special.custom);
    members.text("text", text);
    members.text("html", html);
    members.attachments(&attachments)?;
    members.some("send_at", send_at);
    members.filled("tags", list(tags));
    members.text("template_id", template_id);
    members.some("settings", Settings::new(track_clicks.get(), track_opens.get()));
    Ok(Payload {
        endpoint,
        token: extra.token,
        sender: sender_address,
        common: members.finish(personalization.is_some()),
        to,
        personalization,
        dropped: unsupported,
        warnings,
    })
}

fn ambiguous(features: Vec<Feature>) -> Error {
    let text = "MailerSend requires MAILERSEND_BATCH_SEND_MODE set to either 'use-bulk-email' or 'expose-to-list' when \
                a message with data by recipient has several `to` recipients";
    Error::new(ErrorKind::Unsupported, text)
        .with_remedy(
            "'use-bulk-email' sends each a mail of their own, and what became of it is known later; 'expose-to-list' \
             shows the whole list to everyone; or send one message per recipient",
        )
        .with_details(|details| details.features = features)
}

fn list<T>(field: &Field<Vec<T>>) -> &[T] {
    field.get().map_or(&[], Vec::as_slice)
}

#[derive(Serialize)]
struct Settings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    track_clicks: Option<&'a bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_opens: Option<&'a bool>,
}

impl<'a> Settings<'a> {
    fn new(track_clicks: Option<&'a bool>, track_opens: Option<&'a bool>) -> Option<Self> {
        (track_clicks.is_some() || track_opens.is_some()).then_some(Self { track_clicks, track_opens })
    }
}

/// A custom header.
#[derive(Debug, Serialize)]
pub(crate) struct Header<'m> {
    pub(crate) name: &'m str,
    pub(crate) value: &'m str,
}

/// The headers that mean something of their own.
#[derive(Default)]
struct Special<'m> {
    from: Option<Vec<Mailbox>>,
    reply_to: Option<Vec<Mailbox>>,
    in_reply_to: Option<Cow<'m, str>>,
    precedence_bulk: Option<bool>,
    references: Vec<Cow<'m, str>>,
    list_unsubscribe: Option<&'m str>,
    custom: Vec<Header<'m>>,
    unsupported: Vec<Feature>,
}

impl<'m> Special<'m> {
    fn take(headers: Option<&'m Headers>, allowed: bool, problems: &mut Vec<Problem>) -> Self {
        let mut special = Self::default();
        let mut addresses = |name: &str, value: &str| match Mailbox::parse_list(value) {
            Ok(mailboxes) => Some(mailboxes),
            Err(cause) => {
                problems.push(Problem::address(format!("{}.{name}", Key::Headers), &cause));
                None
            }
        };
        for (name, value) in headers.into_iter().flat_map(Headers::iter) {
            match name.to_ascii_lowercase().as_str() {
                // An empty one says nothing, and the message's own addresses stay.
                "reply-to" if value.is_empty() => {}
                "reply-to" => special.reply_to = addresses(name, value),
                "from" => special.from = addresses(name, value),
                "to" => special.unsupported.push(Feature::SpoofedTo),
                "in-reply-to" => special.in_reply_to = Some(bare_message_id(value)),
                "precedence" => special.precedence_bulk = Some(is_bulk(value)),
                _ if !allowed => special.unsupported.push(Feature::Header(name.to_owned())),
                "references" => special.references = message_ids(value),
                "list-unsubscribe" => special.list_unsubscribe = Some(value),
                _ => special.custom.push(Header { name, value }),
            }
        }
        special
    }
}

/// A message id as MailerSend wants it: without angle brackets. Several ids stay as they are.
fn bare_message_id(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    let bare = value.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    bare.filter(|id| !id.contains(['<', '>'])).unwrap_or(value).into()
}

/// The ids of a list, which need no space between them.
fn message_ids(value: &str) -> Vec<Cow<'_, str>> {
    value.split_inclusive('>').flat_map(str::split_whitespace).map(bare_message_id).collect()
}

fn is_bulk(precedence: &str) -> bool {
    ["bulk", "list", "junk"].iter().any(|word| precedence.eq_ignore_ascii_case(word))
}

/// What `esp_extra` asks for: two settings of this message, and members of the request.
struct Extra {
    token: Option<Token>,
    /// Cleared: no mode, whatever the setting says.
    batch_send_mode: Field<BatchSendMode>,
    members: Map<String, Value>,
}

/// The members of a request that are known to name no recipient. Of any other nobody can say to whom it would send.
const HARMLESS_MEMBERS: [&str; 17] = [
    "from",
    "reply_to",
    "subject",
    "text",
    "html",
    "template_id",
    "language",
    "attachments",
    "tags",
    "precedence_bulk",
    "send_at",
    "in_reply_to",
    "references",
    "settings",
    "list_unsubscribe",
    "api_token",
    "batch_send_mode",
];

/// Whether a member of `esp_extra` may stay in a message that is redirected.
fn is_harmless(member: &str, value: &Value) -> bool {
    let names_nobody = |header: &Value| header["name"].as_str().is_some_and(|name| !names_recipients(name));
    match member {
        "headers" => value.as_array().is_some_and(|headers| headers.iter().all(names_nobody)),
        // The two settings are known in either spelling.
        _ => HARMLESS_MEMBERS.contains(&member.replace('-', "_").as_str()),
    }
}

impl Extra {
    fn take(given: Option<&Data>, redirected: bool, problems: &mut Vec<Problem>) -> Self {
        let mut extra = Self { token: None, batch_send_mode: Field::Unset, members: Map::new() };
        let Some(given) = given else { return extra };
        extra.members.clone_from(given);
        if redirected {
            for (name, _) in given.iter().filter(|(name, value)| !is_harmless(name, value)) {
                problems.push(Problem::new(
                    format!("{}.{}", Key::EspExtra, name.escape_debug()),
                    "may name recipients, while every message is redirected (REDIRECT_ALL_TO)",
                    "use the message's own fields, which are redirected",
                ));
            }
        }
        match extra.setting(["api_token", "api-token"], problems) {
            None | Some((_, Value::Null)) => {}
            Some((path, value)) => match value.as_str().map(Token::new) {
                Some(Ok(token)) => extra.token = Some(token),
                Some(Err(text)) => problems.push(Problem::new(path, text, "")),
                None => problems.push(Problem::new(path, "wants a string", "")),
            },
        }
        match extra.setting(["batch_send_mode", "batch-send-mode"], problems) {
            None => {}
            Some((_, Value::Null)) => extra.batch_send_mode = Field::Cleared,
            Some((path, value)) => match value.as_str().map(str::parse) {
                Some(Ok(mode)) => extra.batch_send_mode = Field::Set(mode),
                _ => problems.push(Problem::new(path, format!("wants {} or null", BatchSendMode::CHOICES), "")),
            },
        }
        extra
    }

    /// Takes a setting out, in either spelling, so that it never reaches the request.
    fn setting(&mut self, spellings: [&str; 2], problems: &mut Vec<Problem>) -> Option<(String, Value)> {
        let [first, second] = spellings.map(|name| self.members.remove(name).map(|value| (name, value)));
        if let (Some((_, a)), Some((name, b))) = (&first, &second)
            && a != b
        {
            let path = format!("{}.{name}", Key::EspExtra);
            problems.push(Problem::new(path, "contradicts its other spelling", "keep one of them"));
        }
        first.or(second).map(|(name, value)| (format!("{}.{name}", Key::EspExtra), value))
    }

    fn sets(&self, member: &str) -> bool {
        self.members.get(member).is_some_and(|value| !value.is_null())
    }

    /// The address of the sender, when it is replaced.
    fn sender(&self) -> Option<Address> {
        self.members.get("from")?.get("email")?.as_str()?.parse().ok()
    }

    fn has_content(&self) -> bool {
        ["text", "html", "template_id"].iter().any(|member| self.sets(member))
    }

    /// The `to` recipients: the message's, unless they are replaced.
    fn recipients<'m>(&mut self, own: &'m [Mailbox]) -> Result<Vec<To<'m>>, Error> {
        match self.members.remove("to") {
            None => Ok(own.iter().map(To::Mailbox).collect()),
            Some(Value::Array(items)) if items.iter().all(|item| item.get("email").is_some_and(Value::is_string)) => {
                Ok(items.into_iter().map(To::Extra).collect())
            }
            Some(_) => {
                let path = format!("{}.to", Key::EspExtra);
                let problem = Problem::new(path, "wants a list of {\"email\", \"name\"} objects", "");
                Err(InvalidMessage::new(vec![problem]).into())
            }
        }
    }
}

/// The members of the object, each overlaid with what `esp_extra` says of it.
struct Members<'e> {
    writer: Writer,
    extra: &'e mut Map<String, Value>,
}

impl Members<'_> {
    fn some(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.member(name, &value);
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(text) if !self.extra.contains_key(name) => self.put(name, |out| write_string(out, text)),
            value => self.some(name, value),
        }
    }

    fn mailbox(&mut self, name: &str, value: Option<&Mailbox>) {
        match value {
            Some(mailbox) if !self.extra.contains_key(name) => self.put(name, |out| write_mailbox(out, mailbox)),
            value => self.some(name, value.map(Recipient::from)),
        }
    }

    fn filled<T: Serialize>(&mut self, name: &str, values: &[T]) {
        if !values.is_empty() {
            self.member(name, values);
        }
    }

    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        match self.extra.remove(name) {
            None => self.write(name, value),
            Some(Value::Object(over)) => match json!(value) {
                Value::Object(mut merged) => {
                    merge_deep(&mut merged, &over);
                    self.write(name, &merged);
                }
                _ => self.write(name, &over),
            },
            Some(over) => self.write(name, &over),
        }
    }

    fn write(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.put(name, |out| write(out, value));
    }

    fn put(&mut self, name: &str, value: impl FnOnce(&mut Vec<u8>)) {
        let out = self.writer.text();
        write_string(out, name);
        out.push(b':');
        value(out);
        out.push(b',');
    }

    fn attachments(&mut self, attachments: &[(&crate::message::Attachment, &Opened)]) -> Result<(), Error> {
        if attachments.is_empty() || self.extra.contains_key("attachments") {
            return Ok(());
        }
        self.writer.text().extend_from_slice(b"\"attachments\":[");
        for (index, (attachment, opened)) in attachments.iter().enumerate() {
            if index > 0 {
                self.writer.text().push(b',');
            }
            attachment::write(&mut self.writer, attachment, opened)?;
        }
        self.writer.text().extend_from_slice(b"],");
        Ok(())
    }

    /// Adds the members that the message has nothing of. `personalization` is the message's own when it has any.
    fn finish(mut self, personalized: bool) -> Vec<Segment> {
        if personalized {
            self.extra.remove("personalization");
        }
        for (name, value) in std::mem::take(self.extra) {
            self.write(&name, &value);
        }
        self.writer.segments()
    }
}
