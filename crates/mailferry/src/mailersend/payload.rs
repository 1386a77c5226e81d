//! A message as MailerSend's JSON: what every recipient shares, written once, and what each has alone.
//!
//! Pure: files have been opened and the time is an argument.

use std::borrow::Cow;

use serde::Serialize;

use super::body::{Segment, Writer};
use super::client::Token;
use super::extra::Extra;
use super::members::{Members, recipients};
use super::options::{BatchSendMode, Options};
use super::personalization::{Personalization, To};
use super::special::Special;
use super::{NAME, preflight};
use crate::address::{Address, InvalidAddress};
use crate::message::{Field, InvalidMessage, Key, Message, Opened, Problem};
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

impl Payload<'_> {
    /// Whether `esp_extra` replaced the message's `to` recipients.
    pub(crate) fn replaces_recipients(&self) -> bool {
        self.to.iter().any(|to| matches!(to, To::Extra(_)))
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
