//! What other implementations answered; `fixtures/address/record.py` made the recordings.

use std::collections::BTreeMap;

use super::*;

const DOMAINS: &str = include_str!("../../../../../fixtures/address/idna.tsv");
const ADDRESSES: &str = include_str!("../../../../../fixtures/address/anymail.json");

/// A dot at the end makes a domain absolute, which only resolvers care about; addresses have none.
const DOMAIN_DIFFERENCES: &[&str] = &["例え。"];

/// IDN-01, IDN-02: Python's `idna` and we agree on every domain, and on the reason of every refusal.
#[test]
fn idna_agrees_with_python() {
    let rows: Vec<_> = DOMAINS.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() > 500);
    for row in rows {
        let (domain, recorded) = row.split_once('\t').unwrap();
        let domain = unescaped(domain);
        if DOMAIN_DIFFERENCES.contains(&domain.as_str()) {
            continue;
        }
        match (idna::to_ascii(&domain), recorded.strip_prefix('!')) {
            (Ok(encoded), None) => assert_eq!(encoded, recorded, "{row}"),
            (Err(mistake), Some(reason)) => assert!(is_same_reason(mistake, reason), "{row}: {mistake:?}"),
            (answer, _) => panic!("{row}: {answer:?}"),
        }
    }
}

fn is_same_reason(mistake: DomainMistake, reason: &str) -> bool {
    match mistake {
        DomainMistake::EmptyLabel => reason == "empty_label",
        DomainMistake::LabelTooLong => reason == "label_too_long",
        DomainMistake::DomainTooLong => reason == "domain_too_long",
        DomainMistake::Hyphen => matches!(reason, "hyphen_3_4" | "hyphen_start_end"),
        DomainMistake::LeadingMark(_) => reason == "leading_combiner",
        DomainMistake::Disallowed(_) => matches!(reason, "disallowed_codepoint" | "uts46_disallowed"),
        DomainMistake::Context(_) => matches!(reason, "contextj" | "contexto"),
        DomainMistake::Bidi => reason.starts_with("bidi_rule"),
        // To us, an encoded label that stands for something unmapped is no encoding at all.
        DomainMistake::Punycode => {
            matches!(reason, "invalid_alabel" | "non_canonical_alabel" | "not_nfc" | "disallowed_codepoint")
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut pieces = text.split("\\u{");
    let mut unescaped = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once('}').unwrap();
        unescaped.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        unescaped.push_str(rest);
    }
    unescaped
}

/// Where we differ from Django Anymail 15.1 on Python 3.13, and why.
const ADDRESS_DIFFERENCES: &[(&str, &[&str])] = &[
    (
        "ADR-03: quotes round a name that would not be parsed back without them",
        &[
            "\" \" <a@x>",
            "\" A \" <a@x>",
            "A \"\" B <a@x>",
            "\"A  B\"  C <a@x>",
            "( a ) b@x",
            "(a  b) b@x",
            "\"=?utf-8?q?J=C3=B6rg?=\" <j@x>",
            "=?nope?q?x?= <j@x>",
            "=?utf-8?x?x?= <j@x>",
        ],
    ),
    ("ADR-04: a tab is white space within the quotes of a name, too", &["\"A\tB\" <a@x>"]),
    ("ADR-14: a tab is a control character within the quotes of a local part", &["\"a\tb\"@x"]),
    (
        "ADR-06: a group that is not closed is more likely a name without quotes, or a link",
        &["Team: a@x, b@x", "A: B <a@x>", "mailto:a@x", "MAILTO:a@x.com", "x:y <a@b>", "a:b@x"],
    ),
    ("RFC 5322: a group has no groups in it", &["g: h: a@x;;", "g: h: a@x;"]),
    ("ADR-07: quotes stay where an address without them would be invalid", &["\".a\"@x", "\"a.\"@x", "\"a..b\"@x"]),
    ("ADR-17: nothing before the @", &["\"\"@x"]),
    ("ADR-17: no partner for the quotation mark", &["\"a@x"]),
    ("ADR-08: no space at the beginning of a name", &["(c) <a@x>"]),
    (
        "ADR-19: words are never glued together to an address nobody wrote",
        &["a(c)b@x", "a@x(c)y", "a@x b", "a@x trailing text", "a@x A"],
    ),
    ("ADR-20: a source route begins with @", &["<:a@x>"]),
    (
        "ADR-18: the checks of ASCII addresses apply to all",
        &[
            "@bücher.de",
            "a..b@bücher.de",
            ".ü@x",
            "ü.@x",
            "ü..ü@x",
            "a@ü.",
            "a@.ü",
            "a@ü..de",
            "ü b@x",
            "ü\\@x",
            "a@x.com\u{a0}",
            "\u{a0}a@x.com",
            "a\u{a0}b@x.com",
            "a\u{3000}@x",
            "\u{200b}a@x",
            "a\u{200b}@x",
            "a\u{202e}b@x",
            "\u{feff}a@x.com",
            "a\u{2028}@x",
        ],
    ),
    ("IDN-02: refused when it is parsed, not when it is sent", &["a@✉.example"]),
    (
        "ADR-09: encoded words are decoded",
        &[
            "=?utf-8?q?J=C3=B6rg?= <j@x>",
            "=?utf-8?b?SsO2cmc=?= <j@x>",
            "=?utf-8?q?J=C3?= =?utf-8?q?=B6rg?= <j@x>",
            "a@x (=?utf-8?q?J=C3=B6rg?=)",
            "=?utf-8?q?a=0D=0Ab?= <j@x>",
        ],
    ),
];

/// ADR-14: control characters are refused everywhere, so no text with one needs to be listed.
fn has_control_character(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\t')
}

/// ADR-01 to ADR-20, against the recording: the same names, addresses and formatted texts, or the same refusal.
#[test]
fn addresses_agree_with_anymail() {
    let rows: Vec<(String, Option<Vec<Recorded>>)> = serde_json::from_str(ADDRESSES).unwrap();
    assert!(rows.len() > 300);
    let mut differences: BTreeMap<&str, &str> =
        ADDRESS_DIFFERENCES.iter().flat_map(|(why, texts)| texts.iter().map(move |text| (*text, *why))).collect();
    for (text, recorded) in &rows {
        let answer = Mailbox::parse_list(text);
        if has_control_character(text) {
            let error = answer.unwrap_err();
            assert!(matches!(error.mistake(), Mistake::ControlCharacter(_)), "{text:?}: {error}");
            continue;
        }
        let ours: Option<Vec<_>> = answer.ok().map(|mailboxes| mailboxes.iter().map(as_recorded).collect());
        match differences.remove(text.as_str()) {
            None => assert_eq!(ours, *recorded, "{text:?}"),
            Some(why) => assert_ne!(ours, *recorded, "{text:?} no longer differs: {why}"),
        }
    }
    assert!(differences.is_empty(), "not in the recording: {differences:?}");
}

/// Name, address, and the two formatted.
type Recorded = (String, String, String);

fn as_recorded(mailbox: &Mailbox) -> Recorded {
    (mailbox.name().unwrap_or_default().to_owned(), mailbox.address().to_string(), mailbox.to_string())
}
