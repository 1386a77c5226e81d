//! The conversation of one SMTP connection: commands go in, replies come out, and no socket is involved.

use std::borrow::Cow;

use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};

use super::auth::{Exchange, Mechanism, Step};
use super::{Envelope, Mailroom, Manner, Port, Refusal, SmtpLimits};

/// What the server calls itself: a name that is reserved for tests (RFC 2606).
const NAME: &str = "mailferry.test";
/// So many commands that make no sense end a connection.
const MOST_MISTAKES: usize = 20;

/// Sizes of chunks are shorter.
const MOST_DIGITS: usize = 18;

/// One reply: a code and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    code: u16,
    lines: Vec<Cow<'static, str>>,
}

/// What the client sends next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Command,
    /// A mail, up to a line with a dot.
    Data,
    /// So many bytes. `wanted` says whether they are to be kept.
    Chunk {
        bytes: usize,
        last: bool,
        wanted: bool,
    },
    /// The beginning of TLS.
    Handshake,
    /// Nothing: the connection ends.
    Close,
}

/// One connection's state.
pub(super) struct Session<'a> {
    room: &'a dyn Mailroom,
    manner: Manner,
    limits: SmtpLimits,
    /// Whether STARTTLS is to be had, now.
    offers_tls: bool,
    /// Whether a login may be told, now.
    takes_login: bool,
    hello: Hello,
    login: Option<Exchange>,
    mail: Option<Mail>,
    envelope: Envelope,
    mistakes: usize,
}

/// How the client has said hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    NotYet,
    Simple,
    Extended,
}

/// A mail that is being sent.
#[derive(Clone, Copy, Debug, Default)]
struct Mail {
    international: bool,
    /// Its content comes in chunks.
    chunked: bool,
}

impl Reply {
    pub(super) fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    pub(super) fn write(&self, to: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        for (i, line) in self.lines.iter().enumerate() {
            let separator = if i == last { ' ' } else { '-' };
            to.extend_from_slice(format!("{}{separator}{line}\r\n", self.code).as_bytes());
        }
    }
}

impl From<Refusal> for Reply {
    fn from(Refusal { code, text }: Refusal) -> Self {
        Self::new(code, text)
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(port: &'a Port) -> Self {
        let (room, manner, offers_tls) = (&*port.room, port.room.manner(), port.tls.is_some());
        Self {
            room,
            manner,
            limits: port.limits,
            offers_tls,
            takes_login: manner.login && (!offers_tls || port.login_in_clear),
            hello: Hello::NotYet,
            login: None,
            mail: None,
            envelope: Envelope::default(),
            mistakes: 0,
        }
    }

    pub(super) fn greeting() -> Reply {
        Reply::new(220, format!("{NAME} ESMTP Mailferry emulator"))
    }

    /// The envelope of the mail whose content has arrived.
    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Forgets the mail that was being sent.
    pub(super) fn forget(&mut self) {
        self.mail = None;
        self.envelope.sender.clear();
        self.envelope.recipients.clear();
    }

    /// The connection is encrypted from now on: whatever was said before is forgotten (RFC 3207, 4.2).
    pub(super) fn encrypted(&mut self) {
        self.forget();
        self.envelope = Envelope::default();
        (self.hello, self.offers_tls) = (Hello::NotYet, false);
        self.takes_login = self.manner.login;
    }

    /// Answers one line, with its line end: a command, or a part of a login.
    pub(super) fn command(&mut self, line: &[u8]) -> (Reply, Next) {
        if let Some(exchange) = self.login.take() {
            let step = exchange.go_on(line);
            let reply = self.log_in(step);
            return self.counted(reply, Next::Command);
        }
        let is = |word: &[u8]| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        // The parser starts again with numbers that are too large for it.
        let is_sane = line.iter().filter(|byte| byte.is_ascii_digit()).count() <= MOST_DIGITS;
        let (reply, next) = match Request::parse(&mut line.iter()) {
            Ok(Request::StartTls) if !line.trim_ascii().eq_ignore_ascii_case(b"STARTTLS") => {
                (Reply::new(501, "5.5.4 Syntax: STARTTLS"), Next::Command)
            }
            Ok(request) if is_sane || !is(b"BDAT") => self.request(request),
            // Nobody knows where the chunk ends that follows: read as commands, it could say anything.
            Ok(_) | Err(_) if is(b"BDAT") => (Reply::new(501, "5.5.4 Syntax: BDAT size [LAST]"), Next::Close),
            Ok(_) => (Reply::new(500, "5.5.2 Unknown command"), Next::Command),
            Err(error) => (malformed(&error), Next::Command),
        };
        self.counted(reply, next)
    }

    /// A line that was too long to be looked at.
    pub(super) fn overlong(&mut self) -> (Reply, Next) {
        self.login = None;
        self.counted(Reply::new(500, "5.5.6 Line too long"), Next::Command)
    }

    /// Ends the connection after too many mistakes.
    fn counted(&mut self, reply: Reply, next: Next) -> (Reply, Next) {
        if matches!(reply.code, 500..=503 | 535) {
            self.mistakes = self.mistakes.saturating_add(1);
        }
        if self.mistakes > MOST_MISTAKES && next == Next::Command {
            (Reply::new(421, "4.7.0 Too many mistakes"), Next::Close)
        } else {
            (reply, next)
        }
    }

    fn request(&mut self, request: Request<Cow<'_, str>>) -> (Reply, Next) {
        let reply = match request {
            Request::Ehlo { host } => self.hello(&host, true),
            Request::Helo { host } => self.hello(&host, false),
            Request::Auth { mechanism, initial_response } if self.manner.login => {
                self.auth(mechanism, &initial_response)
            }
            Request::Mail { from } => return self.sender(from),
            Request::Rcpt { to } => self.recipient(to),
            Request::Data => return self.data(),
            Request::Bdat { chunk_size, is_last } => return self.chunk(chunk_size, is_last),
            Request::Rset => {
                self.forget();
                Reply::new(250, "2.0.0 Ok")
            }
            Request::Noop { value: _ } => Reply::new(250, "2.0.0 Ok"),
            // Who is there is found out by RCPT (RFC 5321, 7.3).
            Request::Vrfy { value: _ } => Reply::new(252, "2.5.2 Recipients are not verified"),
            Request::Help { value: _ } => Reply::new(214, self.help()),
            Request::StartTls if self.offers_tls => return (Reply::new(220, "2.0.0 Go ahead"), Next::Handshake),
            Request::Quit => return (Reply::new(221, "2.0.0 Bye"), Next::Close),
            Request::Lhlo { host: _ }
            | Request::Auth { mechanism: _, initial_response: _ }
            | Request::Expn { value: _ }
            | Request::Etrn { name: _ }
            | Request::Atrn { domains: _ }
            | Request::Burl { uri: _, is_last: _ }
            | Request::StartTls => Reply::new(502, "5.5.1 Command not implemented"),
        };
        (reply, Next::Command)
    }

    fn hello(&mut self, host: &str, extended: bool) -> Reply {
        self.forget();
        self.hello = if extended { Hello::Extended } else { Hello::Simple };
        host.clone_into(&mut self.envelope.client);
        if !extended {
            return Reply::new(250, NAME);
        }
        let size = format!("SIZE {}", self.limits.message_bytes);
        let Manner { login: _, international, enhanced } = self.manner;
        let offers = [
            (true, NAME),
            (true, "PIPELINING"),
            (true, &size),
            (self.offers_tls, "STARTTLS"),
            (self.takes_login, "AUTH PLAIN LOGIN"),
            (true, "8BITMIME"),
            (international, "SMTPUTF8"),
            (true, "CHUNKING"),
            (enhanced, "ENHANCEDSTATUSCODES"),
        ];
        let lines = offers.iter().filter(|(offered, _)| *offered).map(|(_, line)| Cow::Owned((*line).to_owned()));
        Reply { code: 250, lines: lines.collect() }
    }

    fn help(&self) -> &'static str {
        match (self.offers_tls, self.takes_login) {
            (true, true) => "2.0.0 EHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT",
            (true, false) => "2.0.0 EHLO STARTTLS MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT",
            (false, true) => "2.0.0 EHLO AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT",
            (false, false) => "2.0.0 EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT",
        }
    }

    fn auth(&mut self, mechanism: u64, response: &str) -> Reply {
        if self.hello != Hello::Extended {
            return Reply::new(503, "5.5.1 Say EHLO first");
        }
        if !self.takes_login {
            return Reply::new(538, "5.7.11 Must issue a STARTTLS command first");
        }
        if self.envelope.user.is_some() {
            return Reply::new(503, "5.5.1 Already logged in");
        }
        if self.mail.is_some() {
            return Reply::new(503, "5.5.1 A mail is being sent already");
        }
        match Mechanism::named(mechanism) {
            Some(mechanism) => self.log_in(mechanism.begin(response)),
            None => Reply::new(504, "5.5.4 Mechanisms are PLAIN and LOGIN"),
        }
    }

    fn log_in(&mut self, step: Step) -> Reply {
        match step {
            Step::Ask(exchange, question) => {
                self.login = Some(exchange);
                Reply::new(334, question)
            }
            Step::Cancelled => Reply::new(501, "5.7.0 Login cancelled"),
            Step::Unreadable => Reply::new(501, "5.5.2 The login cannot be decoded"),
            Step::Told { user, password } => match self.room.knows(&user, &password) {
                Ok(()) => {
                    self.envelope.user = Some(user);
                    Reply::new(235, "2.7.0 Logged in")
                }
                Err(refusal) => refusal.into(),
            },
        }
    }

    fn sender(&mut self, from: MailFrom<Cow<'_, str>>) -> (Reply, Next) {
        if self.hello != Hello::NotYet
            && let Err(refusal) = self.room.opens()
        {
            let next = if refusal.code == 421 { Next::Close } else { Next::Command };
            return (refusal.into(), next);
        }
        (self.sender_of(from), Next::Command)
    }

    fn sender_of(&mut self, from: MailFrom<Cow<'_, str>>) -> Reply {
        if self.hello == Hello::NotYet {
            return Reply::new(503, "5.5.1 Say EHLO first");
        }
        if self.manner.login && self.envelope.user.is_none() {
            let first =
                if self.takes_login { "Authentication required" } else { "Must issue a STARTTLS command first" };
            return Reply::new(530, format!("5.7.0 {first}"));
        }
        if self.mail.is_some() {
            return Reply::new(503, "5.5.1 A mail is being sent already");
        }
        let international = from.flags & MAIL_SMTPUTF8 != 0;
        let offered = if self.manner.international { MAIL_SMTPUTF8 } else { 0 };
        let known = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | offered;
        if from.flags & !known != 0 || (self.hello == Hello::Simple && (from.flags != 0 || from.size != 0)) {
            return Reply::new(555, "5.5.4 A parameter was not offered");
        }
        if from.size > self.limits.message_bytes {
            return Reply::new(552, "5.3.4 The mail is too large");
        }
        if !from.address.is_ascii() && !international {
            return Reply::new(553, "5.6.7 The address needs SMTPUTF8");
        }
        self.mail = Some(Mail { international, chunked: false });
        self.envelope.sender = from.address.into_owned();
        Reply::new(250, "2.1.0 Ok")
    }

    fn recipient(&mut self, to: RcptTo<Cow<'_, str>>) -> Reply {
        let Some(mail) = self.mail.filter(|mail| !mail.chunked) else {
            return Reply::new(503, "5.5.1 Say MAIL first");
        };
        if self.envelope.recipients.len() >= self.limits.recipients {
            return Reply::new(452, "4.5.3 Too many recipients");
        }
        if to.flags != 0 || to.orcpt.is_some() {
            return Reply::new(555, "5.5.4 A parameter was not offered");
        }
        if !to.address.is_ascii() && !mail.international {
            return Reply::new(553, "5.6.7 The address needs SMTPUTF8");
        }
        if let Err(refusal) = self.room.admits(&to.address) {
            return refusal.into();
        }
        // The same address twice is one recipient.
        if !self.envelope.recipients.iter().any(|known| known.eq_ignore_ascii_case(&to.address)) {
            self.envelope.recipients.push(to.address.into_owned());
        }
        Reply::new(250, "2.1.5 Ok")
    }

    /// Why no content can follow, if so.
    fn not_ready(&self) -> Option<Reply> {
        if self.mail.is_none() {
            Some(Reply::new(503, "5.5.1 Say MAIL first"))
        } else if self.envelope.recipients.is_empty() {
            Some(Reply::new(554, "5.5.1 No valid recipients"))
        } else {
            None
        }
    }

    fn data(&mut self) -> (Reply, Next) {
        if self.mail.is_some_and(|mail| mail.chunked) {
            return (Reply::new(503, "5.5.1 The mail comes in chunks"), Next::Command);
        }
        match self.not_ready() {
            Some(reply) => (reply, Next::Command),
            None => (Reply::new(354, "End with a line that has a dot only"), Next::Data),
        }
    }

    /// The chunk follows whatever the answer is (RFC 3030), so an unwanted one is read, too, and then answered.
    fn chunk(&mut self, bytes: usize, last: bool) -> (Reply, Next) {
        let refused = self.not_ready();
        let wanted = refused.is_none();
        if let Some(mail) = self.mail.as_mut().filter(|_| wanted) {
            mail.chunked = true;
        }
        (refused.unwrap_or_else(|| Reply::new(250, "2.0.0 Ok")), Next::Chunk { bytes, last, wanted })
    }
}

fn malformed(error: &Error) -> Reply {
    match error {
        Error::InvalidSenderAddress => Reply::new(501, "5.1.7 The sender's address cannot be read"),
        Error::InvalidRecipientAddress => Reply::new(501, "5.1.3 The recipient's address cannot be read"),
        Error::SyntaxError { syntax } => Reply::new(501, format!("5.5.4 Syntax: {syntax}")),
        Error::InvalidParameter { param } => Reply::new(501, format!("5.5.4 The parameter {param} cannot be read")),
        Error::UnsupportedParameter { param: _ } => Reply::new(555, "5.5.4 A parameter was not offered"),
        Error::ResponseTooLong => Reply::new(500, "5.5.6 Line too long"),
        Error::UnknownCommand | Error::NeedsMoreData { bytes_left: _ } | Error::InvalidResponse { code: _ } => {
            Reply::new(500, "5.5.2 Unknown command")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::*;

    /// Takes everything.
    struct Open;

    impl Mailroom for Open {
        fn manner(&self) -> Manner {
            Manner { login: true, international: true, enhanced: true }
        }

        fn knows(&self, user: &str, _: &str) -> Result<(), Refusal> {
            if user.len() < 3 { Ok(()) } else { Err(Refusal::new(535, "5.7.8 No")) }
        }

        fn opens(&self) -> Result<(), Refusal> {
            Ok(())
        }

        fn admits(&self, _: &str) -> Result<(), Refusal> {
            Ok(())
        }

        fn take(&self, _: &Envelope, _: IpAddr, _: &[u8]) -> Result<String, Refusal> {
            Ok(String::new())
        }
    }

    const WORDS: &[&[u8]] = &[
        b"EHLO ",
        b"HELO",
        b"MAIL FROM:<",
        b"RCPT TO:<",
        b"a@b>",
        b">",
        b" SIZE=",
        b" BODY=8BITMIME",
        b"DATA",
        b"BDAT ",
        b"9",
        b" LAST",
        b"RSET",
        b"VRFY ",
        b"AUTH PLAIN ",
        b"AUTH LOGIN",
        b"AGEAYg==",
        b"*",
        b"STARTTLS",
        b"\xc3\xa4",
        b"\xff",
        b"\r",
        b" ",
        b"\"",
        b"@",
        b"[1",
    ];

    fn commands() -> impl proptest::strategy::Strategy<Value = Vec<Vec<u8>>> {
        use proptest::prelude::*;
        let words = proptest::sample::select(WORDS);
        let word = prop_oneof![4 => words.prop_map(<[u8]>::to_vec), 1 => proptest::collection::vec(any::<u8>(), 0..6)];
        let line = proptest::collection::vec(word, 0..8).prop_map(|words| {
            let line = words.concat().into_iter().filter(|byte| *byte != b'\n');
            line.chain(*b"\r\n").collect::<Vec<u8>>()
        });
        proptest::collection::vec(line, 0..20)
    }

    proptest::proptest! {
        #[test]
        fn any_command_is_answered(lines in commands()) {
            let limits = SmtpLimits { recipients: 2, ..SmtpLimits::default() };
            let port = Port { room: Arc::new(Open), limits, tls: None, login_in_clear: true };
            let mut session = Session::new(&port);
            for line in lines {
                let (reply, next) = session.command(&line);
                let mut bytes = Vec::new();
                reply.write(&mut bytes);
                let text = String::from_utf8(bytes).unwrap();
                proptest::prop_assert!((214..=555).contains(&reply.code) && text.ends_with("\r\n"), "{text}");
                proptest::prop_assert!(text.lines().all(|line| line.len() > 3), "{text}");
                proptest::prop_assert!(session.envelope().recipients.len() <= 2);
                proptest::prop_assert!(next != Next::Data || !session.envelope().recipients.is_empty());
            }
        }
    }
}
