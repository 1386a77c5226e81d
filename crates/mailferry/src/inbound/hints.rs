//! Whether a robot wrote a mail, and whether mail goes round in circles.

use super::InboundMessage;

/// More servers than these on the way of one mail mean that it goes round in circles.
const MANY_SERVERS: usize = 50;
/// Fields by which programs mark their automatic answers, whatever is in them.
const MARKS: [&str; 5] = ["X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponder", "X-Auto-Response"];

/// Signs that nobody wrote a mail, or that nobody should answer it. Anyone can set them, or leave them out.
///
/// ```
/// let raw = "From: a@x.example\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n";
/// let hints = mailferry::InboundMessage::from_text(raw).hints();
/// assert!(hints.is_automatic() && !hints.may_answer());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Hints {
    /// `Auto-Submitted` (RFC 3834) in lower case without parameters: `auto-replied`, `auto-generated`, or `no`, which
    /// says that a person wrote it.
    pub auto_submitted: Option<String>,
    /// `Precedence` in lower case: `bulk`, `list`, `junk`, `auto_reply`.
    pub precedence: Option<String>,
    /// `X-Auto-Response-Suppress`: which answers the sender does not want, Microsoft's way.
    pub auto_response_suppress: Option<String>,
    /// `List-Id` (RFC 2919): it came through a mailing list.
    pub list_id: Option<String>,
    /// Whether one of the fields is there with which programs mark their answers: `X-Autoreply` and the like.
    pub is_marked: bool,
    /// Whether its sender is empty, in the envelope or in `Return-Path`: it tells that a mail could not be delivered,
    /// and there is nobody to answer.
    pub is_bounce: bool,
    /// Whether somebody has marked it with `X-Loop`.
    pub has_loop_mark: bool,
    /// How many servers it says it came through (`Received`).
    pub received: usize,
}

impl Hints {
    /// Whether it says that a program wrote it.
    pub fn is_automatic(&self) -> bool {
        self.is_marked
            || self.is_bounce
            || self.auto_submitted.as_deref().is_some_and(|word| word != "no")
            || self.precedence.as_deref().is_some_and(|word| matches!(word, "bulk" | "junk" | "auto_reply"))
    }

    /// Whether an automatic answer can do no harm, as RFC 3834 has it: it was not written by a program, did not come
    /// through a list, wants an answer, and does not go round in circles.
    pub fn may_answer(&self) -> bool {
        let suppressed = self.auto_response_suppress.as_deref().is_some_and(|words| {
            words
                .split(',')
                .any(|word| matches!(word.trim().to_ascii_lowercase().as_str(), "all" | "autoreply" | "oof"))
        });
        let is_list = self.list_id.is_some() || self.precedence.as_deref() == Some("list");
        !(self.is_automatic() || is_list || suppressed || self.may_loop())
    }

    /// Whether it may be going round in circles: marked so, or come through more than 50 servers.
    pub fn may_loop(&self) -> bool {
        self.has_loop_mark || self.received > MANY_SERVERS
    }
}

impl InboundMessage {
    /// Signs that nobody wrote it, or that nobody should answer it.
    pub fn hints(&self) -> Hints {
        let mut hints = Hints { is_bounce: self.envelope_sender.as_deref() == Some(""), ..Hints::default() };
        for header in self.headers() {
            let name = header.name();
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            let word = || header.unfolded().split([';', '(']).next().unwrap_or_default().trim().to_ascii_lowercase();
            if is("Received") {
                hints.received += 1;
            } else if is("Auto-Submitted") {
                hints.auto_submitted.get_or_insert_with(word);
            } else if is("Precedence") {
                hints.precedence.get_or_insert_with(word);
            } else if is("X-Auto-Response-Suppress") {
                hints.auto_response_suppress.get_or_insert_with(|| header.unfolded().into_owned());
            } else if is("List-Id") {
                hints.list_id.get_or_insert_with(|| header.value());
            } else if is("Return-Path") {
                hints.is_bounce |= header.unfolded().trim() == "<>";
            } else if is("X-Loop") {
                hints.has_loop_mark = true;
            } else {
                hints.is_marked |= MARKS.iter().any(|mark| is(mark));
            }
        }
        hints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(fields: &str) -> Hints {
        InboundMessage::from_text(format!("From: a@x.example\r\n{fields}\r\n\r\nbody")).hints()
    }

    #[test]
    fn robots_are_known_by_their_marks() {
        for fields in [
            "Auto-Submitted: auto-replied; owner-email=\"a@x.example\"",
            "auto-submitted: Auto-Generated (by a rule)",
            "Precedence: Bulk",
            "X-Autoreply: yes",
            "Return-Path: <>",
        ] {
            assert!(hints(fields).is_automatic() && !hints(fields).may_answer(), "{fields}");
        }
        for fields in ["List-Id: A List <l.x.example>", "X-Auto-Response-Suppress: DR, OOF", "X-Loop: a@x.example"] {
            assert!(!hints(fields).is_automatic() && !hints(fields).may_answer(), "{fields}");
        }
        for fields in ["Auto-Submitted: no", "Return-Path: <a@x.example>", "X-Auto-Response-Suppress: DR"] {
            assert!(!hints(fields).is_automatic() && hints(fields).may_answer(), "{fields}");
        }
        let many = hints(&vec!["Received: from a by b"; 51].join("\r\n"));
        assert!(many.may_loop() && many.received == 51);
        let mut bounce = InboundMessage::from_text("From: a@x.example\r\n\r\n");
        assert!(!bounce.hints().is_bounce);
        bounce.envelope_sender = Some(String::new());
        assert!(bounce.hints().is_bounce && bounce.hints().is_automatic());
    }
}
