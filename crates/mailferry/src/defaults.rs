//! How a default and a message's own value combine.

use std::borrow::Borrow;

use serde_json::{Map, Value};

use crate::message::{ByRecipient, Data, Field, Headers, Message};

/// What a mailer fills into every message.
///
/// A default is itself a [`Message`], of which any field may be unset. How it combines with the message's own value
/// depends on the field:
///
/// | rule | fields | the result |
/// |---|---|---|
/// | concatenate | `to`, `cc`, `bcc`, `reply_to`, `attachments`, `tags` | the default's items, then the message's |
/// | last | `from`, `subject`, `text`, `html`, `envelope_sender`, `send_at`, `track_opens`, `track_clicks`, `template_id` | the message's value |
/// | shallow | `headers`, `metadata`, `merge_global_data` | both, the message's value where both have the key |
/// | one level | `merge_data`, `merge_headers`, `merge_metadata` | both recipients, and shallow within each |
/// | deep | `esp_extra` | objects merge at every depth, anything else is replaced |
///
/// A field that the message [clears](crate::message::MessageBuilder::without) gets no default.
///
/// ```
/// use mailferry::{Defaults, Message};
///
/// let defaults = Defaults::new(Message::builder().from("orders@shop.example").tag("shop").build()?);
/// let message = Message::builder().to("ann@example.com").tag("receipt").build()?;
/// let sent = defaults.apply(&message);
/// assert_eq!(sent.tags(), ["shop", "receipt"]);
/// assert_eq!(sent.from()[0].address().as_str(), "orders@shop.example");
/// # Ok::<(), mailferry::message::InvalidMessage>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Defaults(Message);

impl Defaults {
    /// Defaults for messages through any service.
    pub fn new(defaults: Message) -> Self {
        Self(defaults)
    }

    /// Defaults for one service. A field that it sets or clears takes the place of the general one whole: nothing is
    /// combined between the two.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "both levels are given in the same way")]
    pub fn specific(self, over: Message) -> Self {
        Self(zip(&Replace, &self.0, &over))
    }

    /// The message with the defaults filled in.
    pub fn apply(&self, message: &Message) -> Message {
        zip(&Combine, &self.0, message)
    }
}

/// A rule for each kind of field.
trait Rules {
    fn concat<T: Clone>(&self, default: &Field<Vec<T>>, own: &Field<Vec<T>>) -> Field<Vec<T>>;
    fn last<T: Clone>(&self, default: &Field<T>, own: &Field<T>) -> Field<T>;
    fn headers(&self, default: &Field<Headers>, own: &Field<Headers>) -> Field<Headers>;
    fn shallow(&self, default: &Field<Data>, own: &Field<Data>) -> Field<Data>;
    fn one_level(&self, default: &Field<ByRecipient>, own: &Field<ByRecipient>) -> Field<ByRecipient>;
    fn deep(&self, default: &Field<Data>, own: &Field<Data>) -> Field<Data>;
}

/// Goes through the fields of two messages. Both are taken apart whole: a new field does not compile until it has a
/// rule.
fn zip(rules: &impl Rules, default: &Message, own: &Message) -> Message {
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
    } = own;
    Message {
        from: rules.last(&default.from, from),
        envelope_sender: rules.last(&default.envelope_sender, envelope_sender),
        to: rules.concat(&default.to, to),
        cc: rules.concat(&default.cc, cc),
        bcc: rules.concat(&default.bcc, bcc),
        reply_to: rules.concat(&default.reply_to, reply_to),
        subject: rules.last(&default.subject, subject),
        text: rules.last(&default.text, text),
        html: rules.last(&default.html, html),
        headers: rules.headers(&default.headers, headers),
        attachments: rules.concat(&default.attachments, attachments),
        send_at: rules.last(&default.send_at, send_at),
        tags: rules.concat(&default.tags, tags),
        metadata: rules.shallow(&default.metadata, metadata),
        track_opens: rules.last(&default.track_opens, track_opens),
        track_clicks: rules.last(&default.track_clicks, track_clicks),
        template_id: rules.last(&default.template_id, template_id),
        merge_data: rules.one_level(&default.merge_data, merge_data),
        merge_global_data: rules.shallow(&default.merge_global_data, merge_global_data),
        merge_headers: rules.one_level(&default.merge_headers, merge_headers),
        merge_metadata: rules.one_level(&default.merge_metadata, merge_metadata),
        esp_extra: rules.deep(&default.esp_extra, esp_extra),
        redirected: redirected.clone().or_else(|| default.redirected.clone()),
    }
}

/// A general default and one for a service.
struct Replace;

impl Rules for Replace {
    fn concat<T: Clone>(&self, default: &Field<Vec<T>>, own: &Field<Vec<T>>) -> Field<Vec<T>> {
        self.last(default, own)
    }

    fn last<T: Clone>(&self, default: &Field<T>, own: &Field<T>) -> Field<T> {
        if own.is_unset() { default.clone() } else { own.clone() }
    }

    fn headers(&self, default: &Field<Headers>, own: &Field<Headers>) -> Field<Headers> {
        self.last(default, own)
    }

    fn shallow(&self, default: &Field<Data>, own: &Field<Data>) -> Field<Data> {
        self.last(default, own)
    }

    fn one_level(&self, default: &Field<ByRecipient>, own: &Field<ByRecipient>) -> Field<ByRecipient> {
        self.last(default, own)
    }

    fn deep(&self, default: &Field<Data>, own: &Field<Data>) -> Field<Data> {
        self.last(default, own)
    }
}

/// A default and a message's own value.
struct Combine;

impl Rules for Combine {
    fn concat<T: Clone>(&self, default: &Field<Vec<T>>, own: &Field<Vec<T>>) -> Field<Vec<T>> {
        combine(default, own, Vec::extend_from_slice)
    }

    fn last<T: Clone>(&self, default: &Field<T>, own: &Field<T>) -> Field<T> {
        combine(default, own, T::clone_from)
    }

    fn headers(&self, default: &Field<Headers>, own: &Field<Headers>) -> Field<Headers> {
        combine(default, own, Headers::extend)
    }

    fn shallow(&self, default: &Field<Data>, own: &Field<Data>) -> Field<Data> {
        combine(default, own, merge_shallow)
    }

    fn one_level(&self, default: &Field<ByRecipient>, own: &Field<ByRecipient>) -> Field<ByRecipient> {
        combine(default, own, |merged, own: &ByRecipient| {
            for (address, data) in own {
                merge_shallow(merged.entry(address.clone()).or_default(), data);
            }
        })
    }

    fn deep(&self, default: &Field<Data>, own: &Field<Data>) -> Field<Data> {
        combine(default, own, merge_deep)
    }
}

/// An unset side leaves the other; a cleared own value forgets the default, and a cleared default says nothing.
fn combine<T: Clone + Borrow<O>, O: ?Sized>(
    default: &Field<T>,
    own: &Field<T>,
    lay_over: impl Fn(&mut T, &O),
) -> Field<T> {
    match (default, own) {
        (Field::Set(default), Field::Set(own)) => {
            let mut merged = default.clone();
            lay_over(&mut merged, own.borrow());
            Field::Set(merged)
        }
        (default, Field::Unset) => default.clone(),
        (_, own) => own.clone(),
    }
}

fn merge_shallow(merged: &mut Data, over: &Data) {
    merged.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
}

/// Lays one object over another: objects merge at every depth, anything else replaces. Depth is that of the values,
/// which their parser has limited.
pub(crate) fn merge_deep(merged: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (merged.get_mut(key), value) {
            (Some(Value::Object(merged)), Value::Object(over)) => merge_deep(merged, over),
            (Some(slot), value) => *slot = value.clone(),
            (None, value) => drop(merged.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(default: &str, own: &str, expected: &str) {
        let [default, own, expected] =
            [default, own, expected].map(|json| Message::from_json(json.as_bytes()).unwrap());
        assert_eq!(Defaults::new(default).apply(&own).to_json(), expected.to_json());
    }

    /// DEF-02, DEF-14, DEF-17, DEF-20
    #[test]
    fn lists_are_concatenated() {
        check(r#"{"tags": ["g1"]}"#, r#"{"tags": ["m1"]}"#, r#"{"tags": ["g1", "m1"]}"#);
        check(r#"{"tags": []}"#, r"{}", r#"{"tags": []}"#);
        check(
            r#"{"bcc": ["audit@a.example"]}"#,
            r#"{"bcc": ["own@a.example"]}"#,
            r#"{"bcc": ["audit@a.example", "own@a.example"]}"#,
        );
        check(
            r#"{"attachments": [{"path": "terms.pdf"}]}"#,
            r#"{"attachments": [{"path": "bill.pdf"}]}"#,
            r#"{"attachments": [{"path": "terms.pdf"}, {"path": "bill.pdf"}]}"#,
        );
    }

    /// DEF-03, DEF-15
    #[test]
    fn the_last_value_wins() {
        check(
            r#"{"track_opens": true, "subject": "S"}"#,
            r#"{"track_opens": false}"#,
            r#"{"track_opens": false, "subject": "S"}"#,
        );
    }

    /// DEF-04, DEF-11
    #[test]
    fn objects_merge_one_level() {
        check(
            r#"{"merge_global_data": {"site": "S", "who": "G"}, "headers": {"X-A": "1", "X-C": "2"}}"#,
            r#"{"merge_global_data": {"who": "M"}, "headers": {"x-c": "3"}}"#,
            r#"{"merge_global_data": {"site": "S", "who": "M"}, "headers": {"X-A": "1", "x-c": "3"}}"#,
        );
    }

    /// DEF-05
    #[test]
    fn extras_merge_at_every_depth() {
        check(
            r#"{"esp_extra": {"x": {"a": 1, "b": 2, "l": [1]}}}"#,
            r#"{"esp_extra": {"x": {"b": 20, "c": 30, "l": [2]}}}"#,
            r#"{"esp_extra": {"x": {"a": 1, "b": 20, "c": 30, "l": [2]}}}"#,
        );
    }

    /// DEF-06, DEF-24
    #[test]
    fn a_cleared_field_gets_no_default() {
        check(
            r#"{"tags": ["g"], "bcc": ["a@a.example"]}"#,
            r#"{"tags": null, "bcc": null}"#,
            r#"{"tags": null, "bcc": null}"#,
        );
        check(r#"{"tags": null}"#, r#"{"tags": ["m"]}"#, r#"{"tags": ["m"]}"#);
    }

    /// DEF-07
    #[test]
    fn a_services_default_replaces_the_general_one_whole() {
        let [general, specific] = [
            r#"{"tags": ["g1"], "esp_extra": {"a": 1}, "subject": "S"}"#,
            r#"{"tags": ["esp"], "esp_extra": {"only": true}}"#,
        ]
        .map(|json| Message::from_json(json.as_bytes()).unwrap());
        let defaults = Defaults::new(general).specific(specific);
        let message = defaults.apply(&Message::default());
        assert_eq!(message.to_json(), r#"{"subject":"S","tags":["esp"],"esp_extra":{"only":true}}"#);
    }

    /// DEF-08, DEF-16
    #[test]
    fn data_by_recipient_merges_within_each() {
        check(
            r#"{"merge_data": {"ann@a.example": {"a": {"y": 9}, "c": 3}}}"#,
            r#"{"merge_data": {"ann@a.example": {"a": {"x": 1}, "b": 2}}}"#,
            r#"{"merge_data": {"ann@a.example": {"a": {"x": 1}, "b": 2, "c": 3}}}"#,
        );
        check(
            r#"{"merge_headers": {"ann@a.example": {"X": "1"}}}"#,
            r"{}",
            r#"{"merge_headers": {"ann@a.example": {"X": "1"}}}"#,
        );
    }

    /// DEF-09
    #[test]
    fn default_merge_data_makes_a_batch() {
        let defaults = Defaults::new(Message::from_json(br#"{"merge_data": {}}"#).unwrap());
        assert!(defaults.apply(&Message::default()).is_batch());
    }
}
