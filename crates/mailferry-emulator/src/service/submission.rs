//! Mails that are sent by SMTP: the rules are the API's, the replies the relay's.
//!
//! A mail is written as the JSON that would say the same to the API, and examined as that is. Its reply is documented for
//! mails that are found wrong: code 450 and all sentences, and none other is. That it is also the reply to an account's
//! standing and limits is UNCERTAIN.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::Service;
use super::sending::{Accepted, accept};
use crate::live::Area;
use crate::message::Via;
use crate::plan::Allowance;
use crate::reply::{Reply, Sent};
use crate::request::Request;
use crate::rules::{by_smtp, refusal};
use crate::smtp::{Envelope, Refusal};
use crate::submission::Submitted;

/// The longest reply, in bytes: a client need not read longer lines, and some do not.
const MOST_TEXT: usize = 1_000;
/// What a submitted mail is in the log of requests.
const METHOD: &str = "SMTP";
const TARGET: &str = "/submission";

impl Service {
    /// Whether mails are taken at all just now.
    pub(crate) fn is_open(&self) -> Result<(), Refusal> {
        let now = self.clock.now();
        let state = self.caught_up(now);
        if state.maintenance {
            return Err(Refusal::new(421, sentence("service.maintenance", &[])));
        }
        match state.account.refusal() {
            Some(id) => Err(Refusal::new(450, sentence(id, &[]))),
            None => Ok(()),
        }
    }

    /// Whether whoever knows this password may send.
    ///
    /// Who was set up or registered may, and nobody else. While there is nobody, everybody on this machine may, and from
    /// other machines whoever has a token of the API for a password.
    pub(crate) fn log_in(&self, user: &str, password: &str, is_exposed: bool) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut state = self.caught_up(now);
        if let Some(id) = state.account.refusal() {
            return Err(Refusal::new(535, sentence(id, &[])));
        }
        let set_up = &self.settings.submission_users;
        let fits = if set_up.iter().any(|known| known.name == user && known.password == password) {
            true
        } else if set_up.is_empty() && state.smtp_users.is_empty() {
            !is_exposed || state.token(password, false).is_some_and(|token| token.may(&["email_full"]))
        } else {
            state.smtp_users.log_in(user, password, now)
        };
        if fits { Ok(()) } else { Err(Refusal::new(535, "5.7.8 Authentication credentials invalid")) }
    }

    /// Sends a mail, and gives what to answer.
    pub(crate) fn submit(&self, envelope: &Envelope, from: IpAddr, raw: &[u8]) -> Result<String, Refusal> {
        let now = self.clock.now();
        let mut request = logged(envelope, from, raw, now);
        self.state().remember(&mut request);
        // Word by word what is documented, so that clients can find the id.
        let result = self.examined(&request, envelope, raw, now).map(|id| format!("Message queued as {id}"));
        {
            let mut state = self.state();
            if let Some(request) = state.requests.get_mut(request.number) {
                let (code, text) = match &result {
                    Ok(taken) => (250, taken.as_bytes()),
                    Err(Refusal { code, text }) => (*code, text.as_bytes()),
                };
                let sent = Sent::from(Reply { status: code, headers: Vec::new(), body: text.to_vec() });
                request.status = Some(code);
                request.answer = Some(Arc::new(sent));
            }
            state.changes.touch(Area::Requests);
        }
        // What was accepted begins to happen.
        drop(self.caught_up(now));
        result
    }

    fn examined(&self, request: &Request, envelope: &Envelope, raw: &[u8], now: Timestamp) -> Result<String, Refusal> {
        self.is_open()?;
        self.count_mail(now)?;
        let Submitted { root, names, headers, list_unsubscribe } = Submitted::read(envelope, raw);
        let standing = self.state().standing();
        let mut ready = self.prepare_by(&by_smtp(), root, standing, now).map_err(|findings| {
            let all: Vec<&str> = findings.sentences().collect();
            Refusal::new(450, said(&format!("The given data was invalid. {}", all.join(","))))
        })?;
        ready.change(|message| {
            message.via = Via::Smtp;
            message.headers = headers;
            for mailbox in message.to.iter_mut().chain(&mut message.cc) {
                mailbox.name = names.get(&mailbox.email.to_ascii_lowercase()).cloned();
            }
            if let (Some(text), Some(root)) = (list_unsubscribe, message.request.as_object_mut()) {
                root.insert("list_unsubscribe".to_owned(), text.into());
            }
        });
        match accept(&mut self.state(), ready.by(request), None) {
            Accepted::Sent(message) => Ok(message.id.clone()),
            // What the relay says to this is UNCERTAIN; these are the API's words.
            Accepted::Suppressed(_) => Err(Refusal::new(554, "All of the recipients provided have been suppressed.")),
        }
    }

    /// Counts the mail against the minute, which SMTP has for itself, and the day, which it shares with the API
    /// (facts sheet 2.1 and 8.7, documented).
    fn count_mail(&self, now: Timestamp) -> Result<(), Refusal> {
        let mut state = self.state();
        let Allowance { rate_limits, daily_quota, .. } = state.terms.allowance;
        if let Some(limit) = rate_limits.smtp
            && state.meter.minute("smtp", limit, now).retry_after.is_some()
        {
            return Err(Refusal::new(450, sentence("rate.minute", &[("limit", limit.to_string())])));
        }
        if let Some(quota) = daily_quota
            && state.meter.day(quota, now).is_none()
        {
            return Err(Refusal::new(450, sentence("quota.day", &[])));
        }
        Ok(())
    }
}

fn sentence(id: &str, words: &[(&'static str, String)]) -> String {
    said(&refusal(id, words).1)
}

/// `text` as one line of a reply, whatever the client wrote into it.
fn said(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect();
    match line.get(..MOST_TEXT) {
        Some(start) => format!("{start}..."),
        None => line,
    }
}

/// The mail among the requests: its envelope as headers, and its source as the body.
fn logged(envelope: &Envelope, from: IpAddr, raw: &[u8], now: Timestamp) -> Request {
    let Envelope { client, user, sender, recipients } = envelope;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![header("client", &format!("{client} [{from}]"))];
    headers.extend(user.iter().map(|user| header("user", user)));
    headers.push(header("mail-from", sender));
    headers.extend(recipients.iter().map(|recipient| header("rcpt-to", recipient)));
    Request {
        number: 0,
        at: now,
        method: METHOD.to_owned(),
        target: TARGET.to_owned(),
        headers: Arc::new(headers.into_iter().collect()),
        authorization: None,
        body: Bytes::copy_from_slice(raw),
        status: None,
        fault: None,
        answer: None,
        message_ids: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_line_of_bounded_length() {
        assert_eq!(said("a\r\n250 Ok\u{e4}"), "a  250 Ok ");
        assert_eq!(said(&"x".repeat(MOST_TEXT - 1)).len(), MOST_TEXT - 1);
        assert_eq!(said(&"x".repeat(MOST_TEXT + 1)).len(), MOST_TEXT + 3);
    }
}
