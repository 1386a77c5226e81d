//! Mails that nobody sends by mistake: they are read like any other, and cost no more than their size.

use mailferry::InboundMessage;
use mailferry::inbound::ProblemKind;
use proptest::collection::vec;
use proptest::prelude::*;

/// Asks for everything that there is, and returns how much it was.
fn read_all(message: &InboundMessage) -> usize {
    let json = message.to_json();
    let mut size = json["headers"].as_array().unwrap().len();
    size += message.from_all().len() + message.references().len() + message.content_id_map().len();
    size += message.hints().received + message.thread_id().map_or(0, |id| id.len());
    size += message.reply_text().map_or(0, |text| text.len()) + message.html().map_or(0, |html| html.len());
    for part in message.parts() {
        size += part.raw().len() + part.safe_file_name().len() + part.children().count();
        size += part.headers().map(|header| header.value().len()).sum::<usize>();
        size += part.text().len();
    }
    size
}

fn kinds(message: &InboundMessage) -> Vec<ProblemKind> {
    message.problems().into_iter().map(|problem| problem.kind).collect()
}

/// MIM-31
#[test]
fn multiparts_ten_thousand_deep() {
    let opened = |level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    let head: String = (0..10_000).map(opened).collect();
    let closed = |level| format!("--b{level}--\r\n");
    let tail: String = (0..10_000).rev().map(closed).collect();
    let raw = head + "\r\nbottom\r\n" + &tail;
    let message = InboundMessage::from_text(raw);
    assert_eq!(message.parts().count(), 1_001);
    assert!(kinds(&message).contains(&ProblemKind::TooDeep));
    assert!(read_all(&message) > 0);
}

/// MIM-14 MIM-31
#[test]
fn mails_within_mails_ten_thousand_deep() {
    let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000) + "Subject: bottom\r\n\r\nbottom\r\n";
    let message = InboundMessage::from_text(raw);
    assert_eq!((message.text(), message.attachments().count()), (None, 1_001));
    assert!(kinds(&message).contains(&ProblemKind::TooDeep));
    let mut inner = message.attached_messages().next().unwrap();
    let mut depth = 1;
    while depth < 100 {
        let next = inner.attached_messages().next();
        inner = next.unwrap();
        depth += 1;
    }
    assert_eq!(inner.parts().count(), 1_001);
}

/// The bytes of the innermost are in all the others.
#[test]
fn files_within_files_are_not_hashed_over_and_over() {
    let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(900) + "\r\n" + &"x".repeat(1_000_000);
    let json = InboundMessage::from_text(raw).to_json();
    let files = json["attachments"].as_array().unwrap();
    assert_eq!(files.len(), 900);
    assert!(files[14]["sha256"].is_string() && files[20]["sha256"].is_null());
}

#[test]
fn a_boundary_of_those_around_it_is_theirs() {
    let nested = "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".repeat(1_000);
    let raw = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{nested}--b\r\n\r\ntext\r\n--b--\r\n");
    let message = InboundMessage::from_text(raw);
    assert_eq!((message.parts().count(), message.text().as_deref()), (1_002, Some("text")));
}

#[test]
fn a_million_header_lines() {
    let mut raw = String::from("From: a@x.example\r\n");
    raw += &"X: y\n".repeat(1_000_000);
    raw += "Subject: last\r\n\r\nbody";
    let message = InboundMessage::from_text(raw);
    assert_eq!((message.subject().as_deref(), message.text().as_deref()), (Some("last"), Some("body")));
    assert_eq!(message.headers().count(), 1_000_002);
    assert_eq!(message.header_all("x").len(), 1_000_000);
    let folded = format!("Subject: a\r\n{}\r\n", " b\r\n".repeat(1_000_000));
    assert_eq!(InboundMessage::from_text(folded).subject().unwrap().len(), 2_000_001);
}

/// MIM-31
#[test]
fn twenty_thousand_parts_and_too_many() {
    let mail = |parts: usize| {
        let part = "--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n".repeat(parts);
        InboundMessage::from_text(format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{part}--b--\r\n"))
    };
    let message = mail(20_000);
    assert_eq!((message.attachments().count(), message.problems()), (20_000, vec![]));
    let message = mail(120_000);
    assert_eq!(message.parts().count(), 100_000);
    assert_eq!(kinds(&message), [ProblemKind::TooManyParts, ProblemKind::UnclosedMultipart]);
}

#[test]
fn lists_without_end() {
    for (name, item) in [("To", "a@b,"), ("To", "<"), ("To", "a@"), ("To", "("), ("To", "\""), ("To", "=?u?q?a ")] {
        let message = InboundMessage::from_text(format!("{name}: {}\r\n\r\n", item.repeat(200_000)));
        assert!(message.to().len() <= 100_001 && message.header(name).is_some());
    }
    for value in ["text/plain", "text/plain; a", "a", "/", "text/plain; n*1=", "text/plain; n=\"", "(", ";"] {
        let value = value.to_owned() + &"; a*0*=b".repeat(20_000) + &value.repeat(10_000);
        let message = InboundMessage::from_text(format!("Content-Type: {value}\r\n\r\nbody"));
        assert!(read_all(&message) > 0);
    }
    for word in ["=?u?q?a?= ", "=?u?q?", "=?u?b?a", "?=", "=?", "=?u?q?a?=", "=?*?q?a"] {
        for end in ["", "?=", &"x".repeat(1_000_000)] {
            let words = word.repeat(100_000) + end;
            let message = InboundMessage::from_text(format!("Subject: {words}\r\nTo: {words}\r\n\r\n"));
            assert!(message.subject().is_some() && message.to().is_empty());
        }
    }
    let fields = InboundMessage::from_text("To: a@b, c@d\r\n".repeat(100_000) + "\r\n");
    assert_eq!(fields.to().len(), 100_000);
    let ids = InboundMessage::from_text(format!("References: {}\r\n\r\n", "<a@b>".repeat(200_000))).references();
    assert_eq!(ids.len(), 1_000);
}

/// MIM-29
#[test]
fn fifty_megabytes_and_ten_of_anything() {
    let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let mail =
        |filler: &str, size: usize| InboundMessage::from_text(head.to_owned() + &filler.repeat(size / filler.len()));
    assert_eq!(mail("QUFB", 50_000_000).parts().last().unwrap().bytes().len(), 37_500_000);
    for filler in ["--b \t", "-\r\n-", "\r\n--", "====", "\r\r\n\n"] {
        let message = mail(filler, 10_000_000);
        assert!(message.parts().count() >= 2 && message.raw().len() > 9_000_000, "{filler:?}");
    }
}

/// MIM-29
#[test]
fn what_is_missing_loses_nothing() {
    let text = |raw: &str| InboundMessage::from_text(raw).text();
    assert_eq!(text("").as_deref(), Some(""));
    assert_eq!(text("\r\n").as_deref(), Some(""));
    assert_eq!(text("\r\nbody").as_deref(), Some("body"));
    assert_eq!(
        text("Just a text, without headers\r\nin two lines").as_deref(),
        Some("Just a text, without headers\r\nin two lines")
    );
    assert_eq!(text("Content-Type: multipart/mixed\r\n\r\nbody").as_deref(), Some("body"));
    assert_eq!(text("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\nbody").as_deref(), Some("body"));
    assert_eq!(text("Content-Type: multipart/mixed; boundary=b\r\n\r\nbody\r\n--c").as_deref(), Some("body\r\n--c"));
    assert_eq!(text("Content-Type: multipart/mixed; boundary=b\r\n\r\n\r\n--b--\r\n"), None);
    assert_eq!(text("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody\r\n").as_deref(), Some("body"));
    assert_eq!(text("Content-Type: multipart/mixed; boundary=b\r\r--b\r\rbody\r--b--\r").as_deref(), Some("body"));
    let outer = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed\r\n\r\n\
        one\r\n--b\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n--b\r\n\r\nthree";
    let message = InboundMessage::from_text(outer);
    let texts: Vec<_> = message.parts().skip(1).map(|part| part.text()).collect();
    assert_eq!(texts, ["one", "two"]);
    assert_eq!(kinds(&message), [ProblemKind::MissingBoundary]);
}

/// MIM-08 MIM-15 MIM-17
#[test]
fn nonsense_is_listed() {
    for (fields, body, expected) in [
        ("Content-Transfer-Encoding: base64", "!!!!", ProblemKind::BrokenEncoding),
        ("Content-Transfer-Encoding: rot13", "uryyb", ProblemKind::UnknownEncoding),
        ("Content-Type: words", "x", ProblemKind::InvalidContentType),
        ("Content-Type: text/plain; charset=x-klingon", "x", ProblemKind::UnknownCharset),
        ("Date: Mon, 2 Jun 0000 10:00:00 +0000", "x", ProblemKind::InvalidDate),
        ("From: nobody", "x", ProblemKind::NoFrom),
        (
            "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64",
            "--b\r\n\r\nx\r\n--b--",
            ProblemKind::EncodedMultipart,
        ),
        ("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nx", ProblemKind::UnclosedMultipart),
        ("Content-Type: multipart/mixed; boundary=b", "x", ProblemKind::BoundaryNotFound),
        ("X: y\r\n: z", "x", ProblemKind::SkippedHeaderLine),
    ] {
        let message = InboundMessage::from_text(format!("Subject: s\r\n{fields}\r\n\r\n{body}"));
        assert_eq!(kinds(&message), [expected], "{fields}");
        assert_eq!(message.subject().as_deref(), Some("s"));
        let listed = message.to_json()["problems"].as_array().unwrap().len();
        assert_eq!(listed, 1);
    }
    let broken = InboundMessage::from_bytes(&b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xff"[..]);
    assert_eq!(kinds(&broken), [ProblemKind::BrokenText]);
    assert_eq!(kinds(&InboundMessage::from_text("X: y\r\nbody")), [ProblemKind::MissingBlankLine]);
}

/// Lines from which mails are put together in ways that nobody thought of.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "",
        "--a",
        "--a--",
        "--b",
        "--b--",
        "Content-Type: multipart/mixed; boundary=a",
        "Content-Type: multipart/digest; boundary=\"b\"",
        "Content-Type: message/rfc822",
        "Content-Type: text/html; charset=utf-16",
        "Content-Type: text/plain; charset=utf-7; name*0*=x''%ff",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding: x-uuencode",
        "Content-Disposition: attachment; filename=\"../=?utf-8?b?xb4?=",
        "Content-Disposition: inline",
        "Content-ID: <x@y>",
        "From: \"a\" <b@c> (d, e:;",
        "To: g: a@b, <c>;, =?utf-8?q?=C5?= =?utf-8?q?=BE?= <d@e>",
        "Date: Fri, 31 Feb 2025 25:61:61 +9999",
        "Subject: =?utf-8?b?xb4=?= =?x?q?=ff?= =?",
        "begin 644 x",
        "+AX4-=C5=BE==",
        " folded",
    ]);
    prop_oneof![
        4 => known.prop_map(|line| line.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..20),
    ]
}

/// Nothing is lost or made up: parts are within the mail, and each after the one that it is in.
fn check(raw: Vec<u8>) -> Result<(), TestCaseError> {
    let message = InboundMessage::from_bytes(raw.clone());
    read_all(&message);
    prop_assert_eq!(message.parts().count() > 0, true);
    prop_assert_eq!(&message.parts().next().unwrap().raw()[..], &raw[..]);
    for part in message.parts() {
        prop_assert!(part.raw().len() <= raw.len());
        prop_assert!(part.children().all(|child| child.index() > part.index()));
        prop_assert!(!(part.is_attachment() && part.is_inline()));
        if let Some(inner) = part.message() {
            prop_assert!(inner.raw().len() <= raw.len());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bytes_of_any_kind_are_a_mail(raw in vec(any::<u8>(), 0..300)) {
        check(raw)?;
    }

    #[test]
    fn lines_of_any_kind_are_a_mail(lines in vec(line(), 0..40), ending in prop::sample::select(vec!["\r\n", "\n", "\r"])) {
        check(lines.join(ending.as_bytes()))?;
    }

    #[test]
    fn recorded_mails_with_errors_are_mails(which in any::<prop::sample::Index>(), places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/inbound/recorded");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
        files.sort();
        let mut raw = std::fs::read(&files[which.index(files.len())]).unwrap();
        for (place, byte) in places {
            let place = place.index(raw.len());
            raw[place] = byte;
        }
        check(raw)?;
    }
}
