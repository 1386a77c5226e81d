//! Well-formed mails, read by this library and by mail-parser: both find what was put in.

use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};
use mailferry::InboundMessage;
use mailferry::inbound::{Mailbox, Part};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A part as it was put in, or as a reader found it: its type, its content, and what is in it.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    content_type: String,
    content: Content,
    parts: Vec<Found>,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    Container,
    Text(String),
    File(Vec<u8>),
}

impl Found {
    fn container(content_type: &str, parts: Vec<Self>) -> Self {
        Self { content_type: content_type.to_owned(), content: Content::Container, parts }
    }

    fn leaf(content_type: &str, content: Content) -> Self {
        Self { content_type: content_type.to_owned(), content, parts: Vec::new() }
    }
}

/// A part to be written: its bytes, header fields included, and what a reader is to find.
#[derive(Debug, Clone)]
struct Written {
    raw: Vec<u8>,
    found: Found,
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    None,
    Base64,
    QuotedPrintable,
}

fn encoding() -> impl Strategy<Value = Encoding> {
    select(vec![Encoding::None, Encoding::Base64, Encoding::QuotedPrintable])
}

fn part() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        (lines(), select(vec!["plain", "html"]), select(vec!["utf-8", "ISO-8859-2", "koi8-r", "utf-16be"]), encoding())
            .prop_map(|(text, subtype, charset, encoding)| text_part(&text, subtype, charset, encoding)),
        (vec(any::<u8>(), 0..200), select(vec!["application/pdf", "image/png"]), any::<bool>())
            .prop_map(|(content, content_type, is_base64)| file_part(content, content_type, is_base64)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => (vec(inner.clone(), 1..5), select(vec!["mixed", "alternative", "related"]), any::<u32>(), any::<bool>())
                .prop_map(|(parts, subtype, mark, has_prose)| multipart(&parts, subtype, mark, has_prose)),
            1 => inner.prop_map(attached_mail),
        ]
    })
}

/// Texts of whole lines: what ends a text before a boundary is the boundary's.
fn lines() -> impl Strategy<Value = String> {
    vec("[ -~žýёß=]{0,90}", 0..6).prop_map(|lines| lines.join("\r\n"))
}

fn text_part(text: &str, subtype: &str, charset: &str, encoding: Encoding) -> Written {
    let codec = encoding_rs::Encoding::for_label(charset.as_bytes()).unwrap();
    let text: String =
        text.chars().filter(|&char| charset == "utf-16be" || !codec.encode(char.encode_utf8(&mut [0; 4])).2).collect();
    let bytes = match charset {
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => codec.encode(&text).0.into_owned(),
    };
    // UTF-16 has line ends of its own, and only base64 keeps them from a mail's.
    let encoding = if charset == "utf-16be" { Encoding::Base64 } else { encoding };
    let content_type = format!("text/{subtype}");
    let mut raw = format!("Content-Type: {content_type};\r\n\tcharset=\"{charset}\"\r\n").into_bytes();
    write_content(&mut raw, &bytes, encoding);
    Written { raw, found: Found::leaf(&content_type, Content::Text(text)) }
}

fn file_part(content: Vec<u8>, content_type: &str, is_base64: bool) -> Written {
    let mut raw = format!("content-type: {content_type}\r\nContent-Disposition: attachment\r\n").into_bytes();
    write_content(&mut raw, &content, if is_base64 { Encoding::Base64 } else { Encoding::QuotedPrintable });
    Written { raw, found: Found::leaf(content_type, Content::File(content)) }
}

fn write_content(raw: &mut Vec<u8>, content: &[u8], encoding: Encoding) {
    match encoding {
        Encoding::None => {
            raw.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n\r\n");
            raw.extend_from_slice(content);
        }
        Encoding::Base64 => {
            raw.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
            for line in base64_simd::STANDARD.encode_to_string(content).as_bytes().chunks(76) {
                raw.extend_from_slice(line);
                raw.extend_from_slice(b"\r\n");
            }
        }
        Encoding::QuotedPrintable => {
            raw.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
            for (index, byte) in content.iter().enumerate() {
                if index % 20 == 19 {
                    raw.extend_from_slice(b"=\r\n");
                }
                raw.extend(if byte.is_ascii_alphanumeric() { vec![*byte] } else { format!("={byte:02X}").into() });
            }
        }
    }
}

/// A boundary differs from those in its parts, and may begin like them.
fn multipart(parts: &[Written], subtype: &str, mark: u32, has_prose: bool) -> Written {
    let content_type = format!("multipart/{subtype}");
    let depth = parts.iter().map(|part| depth(&part.found)).max().unwrap_or_default();
    let boundary = format!("b {mark}{}", "x".repeat(depth));
    let mut raw = format!("Content-Type: {content_type}; boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    if has_prose {
        raw.extend_from_slice(b"For readers without MIME.\r\n");
    }
    for part in parts {
        raw.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        raw.extend_from_slice(&part.raw);
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    if has_prose {
        raw.extend_from_slice(b"\r\nThat was all.\r\n");
    }
    let parts = parts.iter().map(|part| part.found.clone()).collect();
    Written { raw, found: Found::container(&content_type, parts) }
}

fn depth(found: &Found) -> usize {
    1 + found.parts.iter().map(depth).max().unwrap_or_default()
}

fn attached_mail(part: Written) -> Written {
    // A mail that is nothing but another mail trips mail-parser's own assertions.
    let is_mail = part.found.content_type == "message/rfc822";
    let part = if is_mail { multipart(&[part], "mixed", 0, false) } else { part };
    let mut raw = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n".to_vec();
    raw.extend_from_slice(&part.raw);
    Written { raw, found: Found::container("message/rfc822", vec![part.found]) }
}

/// A name of letters of all kinds, as a header has it.
fn name() -> impl Strategy<Value = (String, String)> {
    let words = || vec("[A-Za-zž你]{1,8}", 1..4).prop_map(|words| words.join(" "));
    prop_oneof![
        words().prop_map(|name| (encoded_words(&name, false), name)),
        words().prop_map(|name| (encoded_words(&name, true), name)),
        "[A-Za-z]{1,8}, [A-Za-z.]{1,8}".prop_map(|name| (format!("\"{name}\""), name)),
        "[A-Za-z]{1,8}( [A-Za-z]{1,8})?".prop_map(|name| (name.clone(), name)),
    ]
}

/// One encoded word for every three characters, on lines of their own.
fn encoded_words(text: &str, is_base64: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let words = chars.chunks(3).map(|chars| {
        let text: String = chars.iter().collect();
        if is_base64 {
            return format!("=?UTF-8?B?{}?=", base64_simd::STANDARD.encode_to_string(&text));
        }
        let encoded: Vec<_> = text.bytes().map(|byte| format!("={byte:02X}")).collect();
        format!("=?utf-8?q?{}?=", encoded.concat())
    });
    words.collect::<Vec<_>>().join("\r\n ")
}

fn mailboxes() -> impl Strategy<Value = (String, Vec<Mailbox>)> {
    let mailbox = (option::of(name()), "[a-z]{1,8}(\\.[a-z+]{1,8})?@[a-z]{1,8}\\.example");
    vec(mailbox, 1..5).prop_map(|list| {
        let written = list.iter().map(|(name, email)| match name {
            Some((written, _)) => format!("{written} <{email}>"),
            None => email.clone(),
        });
        let written = written.collect::<Vec<_>>().join(",\r\n ");
        let meant = list.iter().map(|(name, email)| Mailbox::new(name.as_ref().map(|(_, name)| name.as_str()), email));
        (written, meant.collect())
    })
}

fn ours(part: Part<'_>) -> Found {
    let content_type = part.content_type();
    let parts: Vec<_> = part.children().map(ours).collect();
    match part.main_type().as_str() {
        "multipart" | "message" => Found::container(&content_type, parts),
        "text" => Found::leaf(&content_type, Content::Text(part.text())),
        _ => Found::leaf(&content_type, Content::File(part.bytes().to_vec())),
    }
}

fn theirs(message: &Message<'_>, index: u32) -> Found {
    let part = &message.parts[index as usize];
    let content_type = part.content_type().unwrap();
    let content_type = format!("{}/{}", content_type.c_type, content_type.c_subtype.as_deref().unwrap_or_default());
    let content_type = content_type.to_ascii_lowercase();
    match &part.body {
        PartType::Multipart(ids) => {
            Found::container(&content_type, ids.iter().map(|&id| theirs(message, id)).collect())
        }
        PartType::Message(inner) => Found::container(&content_type, vec![theirs(inner, 0)]),
        PartType::Text(text) | PartType::Html(text) => Found::leaf(&content_type, Content::Text(text.to_string())),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            Found::leaf(&content_type, Content::File(bytes.to_vec()))
        }
    }
}

fn their_mailboxes(address: Option<&mail_parser::Address<'_>>) -> Vec<Mailbox> {
    let found = address.into_iter().flat_map(|address| address.iter());
    found.map(|found| Mailbox::new(found.name(), found.address().unwrap_or_default())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// MIM-03 MIM-04 MIM-05 MIM-06 MIM-15 MIM-16 MIM-18 MIM-26 MIM-28
    #[test]
    fn two_readers_find_what_was_put_in(
        from in mailboxes(), to in mailboxes(), (written_subject, subject) in name(), part in part(),
    ) {
        let mut raw = format!("From: {}\r\nTo: {}\r\nSubject: {}\r\n", from.0, to.0, written_subject).into_bytes();
        let subject = if written_subject.starts_with('"') { &written_subject } else { &subject };
        raw.extend_from_slice(&part.raw);

        let message = InboundMessage::from_bytes(raw.clone());
        prop_assert_eq!(message.from_all(), from.1.clone());
        prop_assert_eq!(message.to(), to.1.clone());
        prop_assert_eq!(&message.subject().unwrap_or_default(), subject);
        prop_assert_eq!(ours(message.parts().next().unwrap()), part.found.clone());
        prop_assert_eq!(message.problems(), vec![]);

        let other = MessageParser::default().parse(&raw).unwrap();
        prop_assert_eq!(their_mailboxes(other.from()), from.1);
        prop_assert_eq!(their_mailboxes(other.to()), to.1);
        prop_assert_eq!(other.subject(), Some(subject.as_str()));
        prop_assert_eq!(theirs(&other, 0), part.found);
    }
}
