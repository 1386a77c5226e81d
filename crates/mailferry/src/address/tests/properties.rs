//! What holds for every text there is.

use proptest::prelude::*;

use super::*;

/// Text made of what means something to the parser, so that it gets further than with random characters.
fn grammar() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b@x",
        "@",
        ".",
        ",",
        ";",
        ":",
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "\\",
        " ",
        "\t",
        "ü",
        "例。え",
        "=?utf-8?q?",
        "=C3=B6",
        "?=",
        "\u{a0}",
        "\u{200d}",
        "א",
        "1",
        "-",
        "xn--",
        "\n",
        "\"a b\"",
        "A <a@x>",
        "g:",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..16).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), grammar(), "[ -~]{0,12}"].prop_map(|name| name.replace(char::is_control, " "))
}

fn address() -> impl Strategy<Value = String> {
    let local_part = prop_oneof![
        "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,8}(\\.[a-z]{1,4}){0,2}",
        "[äöüя中]{1,4}",
        "[ -!#-\\[\\]-~]{1,8}".prop_map(|content| format!("\"{content}\"")),
    ];
    let domain = prop_oneof!["[a-zA-Z0-9_-]{1,8}(\\.[a-z]{1,4}){0,3}", "[äöüßя中]{1,6}\\.[a-zÄ]{1,4}"];
    (local_part, domain).prop_map(|(local_part, domain)| format!("{local_part}@{domain}"))
}

/// What is promised of every mailbox, however it came to be.
fn check_promises(mailbox: &Mailbox) {
    let address = mailbox.address();
    let (text, ascii) = (address.as_str(), address.to_ascii());
    for part in [text, ascii, mailbox.name().unwrap_or_default(), &mailbox.to_string()] {
        assert!(!part.contains(char::is_control), "{part:?}");
    }
    assert_eq!(text, format!("{}@{}", address.local_part(), address.domain()));
    assert!(!address.local_part().is_empty() && !address.domain().is_empty());
    assert!(ascii.strip_prefix(address.local_part()).is_some_and(str::is_ascii));
    assert_ne!(mailbox.name(), Some(""));

    assert_eq!(mailbox.to_string().parse().as_ref(), Ok(mailbox));
    assert_eq!(text.parse().as_ref(), Ok(address));
    let encoded: Address = ascii.parse().unwrap();
    assert!(encoded.matches(address));
    assert_eq!(encoded.key(), address.key());
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text: String) {
        check_any(&text);
    }

    #[test]
    fn any_grammar_is_parsed_or_refused(text in grammar()) {
        check_any(&text);
    }

    #[test]
    fn mailboxes_parse_back(name in name(), address in address()) {
        let mailbox = Mailbox::try_from((name, address)).unwrap();
        check_promises(&mailbox);
    }

    #[test]
    fn lists_parse_back(mailboxes in prop::collection::vec((name(), address()), 1..5)) {
        let mailboxes: Vec<_> = mailboxes.into_iter().map(|mailbox| Mailbox::try_from(mailbox).unwrap()).collect();
        let list = mailboxes.iter().map(Mailbox::to_string).collect::<Vec<_>>().join(", ");
        assert_eq!(Mailbox::parse_list(&list), Ok(mailboxes.clone()));
        assert_eq!(Mailbox::parse_list(&format!("group: {list};")), Ok(mailboxes));
    }
}

fn check_any(text: &str) {
    match Mailbox::parse_list(text) {
        Ok(mailboxes) => mailboxes.iter().for_each(check_promises),
        Err(error) => {
            assert!(error.part().chars().count() <= 81 * "\\u{10ffff}".len());
            assert!(!error.to_string().contains(char::is_control));
        }
    }
}

/// Were any of these to take quadratic time or recurse, this test would not end, or not well.
#[test]
fn long_texts_take_linear_time() {
    for piece in [
        "(",
        ")",
        "()",
        "(a",
        "\"",
        "\"\" ",
        "\\",
        "<",
        ">",
        "<@a:",
        "@",
        ".",
        "a.",
        "a@",
        ":",
        "a:",
        "a:b@c,",
        ";",
        ",",
        "a",
        "a ",
        "a@b,",
        "A <a@b>, ",
        "[",
        "ü",
        "=?utf-8?q?a?= ",
        "=?utf-8?q?=FF?= ",
        "=?",
        "\t",
        "\u{301}",
        "-",
        "。",
    ] {
        for (before, after) in
            [("", ""), ("a@", ""), ("a@ü", ""), ("\"", "\"@x"), ("A <", ">"), ("g: ", ";"), ("(", ") a@x")]
        {
            let text = format!("{before}{}{after}", piece.repeat(100_000 / piece.len()));
            _ = Mailbox::parse_list(&text);
        }
    }
}
