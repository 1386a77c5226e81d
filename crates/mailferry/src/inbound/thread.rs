//! Which conversation a mail belongs to.

use super::InboundMessage;

/// So many ids are read of one header; a thread has fewer mails.
const MAX_IDS: usize = 1_000;

impl InboundMessage {
    /// Its id, without the angle brackets.
    pub fn message_id(&self) -> Option<String> {
        self.ids("Message-ID").into_iter().next()
    }

    /// The ids of the mails that it answers, without the angle brackets.
    pub fn in_reply_to(&self) -> Vec<String> {
        self.ids("In-Reply-To")
    }

    /// The ids of the mails before it in the conversation, the oldest first, without the angle brackets.
    pub fn references(&self) -> Vec<String> {
        self.ids("References")
    }

    /// The id of the mail that began the conversation, as far as this one tells: the first of its references, or else of
    /// those it answers, or else its own.
    pub fn thread_id(&self) -> Option<String> {
        let mut ids = self.references().into_iter().chain(self.in_reply_to());
        ids.next().or_else(|| self.message_id())
    }

    /// The ids in the first header field of a name. In `In-Reply-To` words may be between them.
    fn ids(&self, name: &str) -> Vec<String> {
        let Some(text) = self.headers().named(name).next().map(|header| header.unfolded().into_owned()) else {
            return Vec::new();
        };
        let bracketed = text.split('<').skip(1).filter_map(|piece| piece.split_once('>')).map(|(id, _)| id);
        let ids: Vec<_> =
            bracketed.map(str::trim).filter(|id| !id.is_empty()).take(MAX_IDS).map(str::to_owned).collect();
        if !ids.is_empty() || text.contains('<') {
            return ids;
        }
        text.split_whitespace().filter(|word| word.contains('@')).take(MAX_IDS).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_named_for_its_first_mail() {
        let thread = |fields: &str| InboundMessage::from_text(format!("{fields}\r\n\r\n")).thread_id();
        for (fields, expected) in [
            ("Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\nReferences: <a@x>\r\n <b@x>", Some("a@x")),
            ("Message-ID: <c@x>\r\nIn-Reply-To: Your mail of today <b@x>", Some("b@x")),
            ("Message-ID: <c@x>\r\nReferences: <>", Some("c@x")),
            ("Message-ID: c@x", Some("c@x")),
            ("Subject: s", None),
        ] {
            assert_eq!(thread(fields).as_deref(), expected, "{fields}");
        }
        let message = InboundMessage::from_text("References: <a@x><b@x>\t< c@x >\r\n\r\n");
        assert_eq!(message.references(), ["a@x", "b@x", "c@x"]);
    }
}
