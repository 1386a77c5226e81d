//! The behaviour of addresses, statement by statement.

mod properties;
mod recorded;

use std::collections::{BTreeSet, HashSet};

use super::*;

/// The names and addresses that the text parses to.
fn parsed(text: &str) -> Vec<(Option<String>, String)> {
    let mailboxes = Mailbox::parse_list(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    mailboxes.iter().map(|mailbox| (mailbox.name().map(Into::into), mailbox.address().to_string())).collect()
}

fn check(text: &str, name: &str, address: &str) {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    assert_eq!(parsed(text), [(name, address.to_owned())], "{text:?}");
}

fn refused(text: &str) -> InvalidAddress {
    Mailbox::parse_list(text).expect_err(text)
}

fn check_refused(text: &str, mistake: Mistake, part: &str) {
    let error = refused(text);
    assert_eq!((error.mistake(), error.part()), (mistake, part), "{text:?}");
}

/// ADR-01, ADR-22
#[test]
fn plain_address_keeps_its_case_and_has_no_name() {
    check("a@x.com", "", "a@x.com");
    check("A.b+c@X.Com", "", "A.b+c@X.Com");
    let address: Address = "Ann.B@Mail.Example".parse().unwrap();
    assert_eq!((address.local_part(), address.domain()), ("Ann.B", "Mail.Example"));
    assert_eq!(address.to_ascii(), "Ann.B@Mail.Example");
    assert_eq!(address.key(), "ann.b@mail.example");
}

/// ADR-02
#[test]
fn quoted_name_is_unquoted() {
    check("Ann B <a@x.com>", "Ann B", "a@x.com");
    check(r#""Lee, Ann" <ann@one.example>"#, "Lee, Ann", "ann@one.example");
    check(r#""A \"B\" \\ C" <a@x>"#, r#"A "B" \ C"#, "a@x");
    check(r#""\ü" <a@x>"#, "ü", "a@x");
    check(r#""" <a@x>"#, "", "a@x");
}

/// ADR-03
#[test]
fn display_quotes_only_where_needed() {
    let display = |name: &str| Mailbox::try_from((name, "a@x.com")).unwrap().to_string();
    assert_eq!(display("Ann B"), "Ann B <a@x.com>");
    assert_eq!(display("Jörg Müller"), "Jörg Müller <a@x.com>");
    assert_eq!(display("Lee, Ann"), r#""Lee, Ann" <a@x.com>"#);
    assert_eq!(display("A.B. Smith"), r#""A.B. Smith" <a@x.com>"#);
    assert_eq!(display(r#"Ann "B" \"#), r#""Ann \"B\" \\" <a@x.com>"#);
    assert_eq!(display("A  B"), r#""A  B" <a@x.com>"#);
    assert_eq!(display("=?utf-8?q?a?="), r#""=?utf-8?q?a?=" <a@x.com>"#);
    assert_eq!(display(""), "a@x.com");
}

/// ADR-04
#[test]
fn white_space_is_normalised() {
    check(" a@x.com ", "", "a@x.com");
    check("\ta @ x . com\t", "", "a@x.com");
    check("A   B <a@x>", "A B", "a@x");
    check("A\tB < a@x >", "A B", "a@x");
    check(r#""A  B" <a@x>"#, "A  B", "a@x");
    check("\"A\tB\" <a@x>", "A B", "a@x");
}

/// ADR-05
#[test]
fn commas_separate_mailboxes() {
    let bee = Some("Bee".to_owned());
    assert_eq!(parsed("a@x, Bee <b@x>"), [(None, "a@x".to_owned()), (bee, "b@x".to_owned())]);
}

/// ADR-06
#[test]
fn groups_are_flattened_when_they_are_closed() {
    let two = [(None, "a@x".to_owned()), (None, "b@x".to_owned())];
    assert_eq!(parsed("Team: a@x, b@x;"), two);
    assert_eq!(parsed("a@x, Team One: b@x;"), two);
    assert_eq!(parsed("Team: a@x;, b@x"), two);
    check("Team: B <a@x>;", "B", "a@x");
    check_refused("A: B <a@x>", Mistake::UnclosedGroup, "A: B <a@x>");
    check_refused("undisclosed-recipients:;", Mistake::EmptyGroup, "undisclosed-recipients:;");
    check_refused("g: a@x, h: b@x;;", Mistake::NestedGroup, "g: a@x, h: b@x;;");
    check_refused("g: a@x,;", Mistake::EmptyEntry, "g: a@x,;");
    check_refused("g: a@x,", Mistake::UnclosedGroup, "g: a@x,");
    check_refused("g: a@x; b@x", Mistake::TrailingText, "b@x");
    check_refused("Mailto:a@x", Mistake::UnclosedGroup, "Mailto:a@x");
    assert_eq!(refused("mailto:a@x").hint(), Some("leave out 'mailto:'"));
}

/// ADR-07
#[test]
fn quoted_local_part_keeps_the_quotes_it_needs() {
    check(r#""odd local"@x"#, "", r#""odd local"@x"#);
    check(r#""ab"@x"#, "", "ab@x");
    check(r#""a.b"@x"#, "", "a.b@x");
    check(r#""a..b"@x"#, "", r#""a..b"@x"#);
    check(r#""a@b, c"@x"#, "", r#""a@b, c"@x"#);
    check(r#""a\"\\\b"@x"#, "", r#""a\"\\b"@x"#);
    check(r#""ü"@x"#, "", "ü@x");
    check_refused(r#""a"."b"@x"#, Mistake::PartlyQuotedLocalPart, r#""a"."b"@x"#);
    check_refused(r#"a"b"@x"#, Mistake::PartlyQuotedLocalPart, r#"a"b"@x"#);
    check_refused(r#""a"b@x"#, Mistake::PartlyQuotedLocalPart, r#""a"b@x"#);
    check_refused(r#"""@x"#, Mistake::MissingLocalPart, r#"""@x"#);
}

/// ADR-08
#[test]
fn comments_become_names() {
    check("a@x.com (Ann)", "Ann", "a@x.com");
    check("(Ann) a@x.com", "Ann", "a@x.com");
    check("A (c) B <a@x>", "A B (c)", "a@x");
    check("A <a@x (c)>", "A (c)", "a@x");
    check("A <a@x> (c)", "A", "a@x");
    check("a(c)@x", "c c", "a@x");
    check("(a(b)c) a@x", "abc", "a@x");
    check(r"(a\)b) a@x", "a)b", "a@x");
    check("(c) <a@x>", "(c)", "a@x");
    check_refused("(A, B) a@x", Mistake::CommaInComment, "(A, B) a@x");
    check_refused("(A <a@x>", Mistake::UnbalancedParenthesis, "(A <a@x>");
    check_refused("A) <a@x>", Mistake::UnbalancedParenthesis, "A) <a@x>");
    check_refused("a@x)", Mistake::UnbalancedParenthesis, ")");
}

/// ADR-09, the better behaviour
#[test]
fn encoded_words_are_decoded() {
    check("=?utf-8?q?J=C3=B6rg?= <j@x>", "Jörg", "j@x");
    check("=?UTF-8?Q?J=c3=b6rg_M?= B <j@x>", "Jörg M B", "j@x");
    check("=?utf-8?B?SsO2cmc=?= <j@x>", "Jörg", "j@x");
    check("=?utf-8?b?SsO2cmc?= <j@x>", "Jörg", "j@x");
    check("=?iso-8859-1*de?q?J=F6rg?= <j@x>", "Jörg", "j@x");
    check("=?iso-8859-15?q?=A4?= <j@x>", "€", "j@x");
    check("=?windows-1251?q?=C0?= <j@x>", "А", "j@x");
    check("=?us-ascii?q?J=2C_A?= <j@x>", "J, A", "j@x");
    check("j@x (=?utf-8?q?J=C3=B6rg?= M)", "Jörg M", "j@x");
}

/// ADR-09, the better behaviour
#[test]
fn adjacent_encoded_words_are_joined() {
    check("=?utf-8?q?J=C3=B6?=  =?iso-8859-1?q?rg?= <j@x>", "Jörg", "j@x");
    check("=?utf-8?q?J=C3?= =?utf-8?q?=B6rg?= <j@x>", "Jörg", "j@x");
    check("=?utf-8?q?J?= B =?utf-8?q?C?= <j@x>", "J B C", "j@x");
    check("A =?utf-8?q??= B <j@x>", "A B", "j@x");
}

/// ADR-09
#[test]
fn broken_encoded_words_are_left_as_they_are() {
    for name in [
        "=?utf-8?q?=FF?=",
        "=?utf-8?q?=F?=",
        "=?utf-8?q?=XY?=",
        "=?utf-8?b?S?=",
        "=?nope?q?x?=",
        "=?utf-8?x?x?=",
        "=?utf-8?q?x",
        "=?utf-8?q?=",
        "=??=",
        "=?=",
        "=?utf-8?q?a?b?=",
        "x=?utf-8?q?a?=",
        "=?utf-8?q?ü?=",
        "=?utf-8?q?J?= =?utf-8?q?=FF?=",
    ] {
        check(&format!("{name} <a@x>"), name, "a@x");
        check(&format!("\"{name}\" <a@x>"), name, "a@x");
    }
}

/// ADR-10, ADR-21
#[test]
fn single_mailbox_is_one() {
    let error = Mailbox::try_from("b@x, c@x").unwrap_err();
    assert_eq!(error.mistake(), Mistake::Several { found: 2 });
    assert_eq!(error.to_string(), "invalid email address 'b@x, c@x': only one address is allowed, found 2");
    assert_eq!(Address::try_from("g: b@x, c@x, d@x;").unwrap_err().mistake(), Mistake::Several { found: 3 });
}

#[test]
fn an_address_has_no_name() {
    assert_eq!(Address::try_from("<a@x>").unwrap().as_str(), "a@x");
    assert_eq!(Address::try_from("Ann <a@x>").unwrap_err().mistake(), Mistake::UnexpectedName);
    assert_eq!(Address::try_from("a@x (Ann)").unwrap_err().mistake(), Mistake::UnexpectedName);
}

/// ADR-11, ADR-16
#[test]
fn empty_text_is_no_address() {
    check_refused("", Mistake::Empty, "");
    check_refused(" \t", Mistake::Empty, "");
    check_refused("A <>", Mistake::Empty, "<>");
    check_refused("a@x,", Mistake::EmptyEntry, "a@x,");
    check_refused(", a@x", Mistake::EmptyEntry, ", a@x");
    check_refused("a@x,,b@x", Mistake::EmptyEntry, "a@x,,b@x");
}

/// ADR-12
#[test]
fn error_names_the_offending_part() {
    check_refused("good@x.example, oops", Mistake::MissingAt, "oops");
    check_refused("good@x.example, a..b@x, c@x", Mistake::MisplacedDot, "a..b@x");
    check_refused("A <a@b@c>, c@x", Mistake::SeveralAts, "a@b@c");
    let long = refused(&"é".repeat(1000));
    assert_eq!(long.part(), format!("{}…", "é".repeat(80)));
    assert_eq!(refused("a\u{202e}\u{feff}\\'@x").part(), "a\\u{202e}\\u{feff}\\'@x");
}

/// ADR-13
#[test]
fn comma_in_a_name_gets_a_hint() {
    let hint = Some("maybe missing quotes around a display name?");
    check_refused("Lee, Ann <ann@x>", Mistake::MissingAt, "Lee");
    assert_eq!(refused("Lee, Ann <ann@x>").hint(), hint);
    assert_eq!(refused("ann@x, oops").hint(), hint);
    assert_eq!(refused("oops").hint(), None);
}

/// ADR-09, ADR-14, the better behaviour
#[test]
fn control_characters_are_refused_everywhere() {
    for c in (0..0xa0).filter_map(char::from_u32).filter(|c| c.is_control() && *c != '\t') {
        for text in
            ["A{}B <a@x>", "\"A{}B\" <a@x>", "a{}@x", "a@x{}", "a@{}x", "{}a@x", "a@ü{}.de", "(A{}) a@x", "a@x,{} b@x"]
        {
            let text = text.replace("{}", &c.to_string());
            assert_eq!(refused(&text).mistake(), Mistake::ControlCharacter(c), "{text:?}");
        }
        let name = format!("A{c}B");
        let error = Mailbox::try_from((name, "a@x")).unwrap_err();
        assert_eq!(error.mistake(), Mistake::ControlCharacter(c));
    }
    for encoded in ["=?utf-8?q?A=0D=0ABcc=3A_e=40x?=", "=?utf-8?q?A=0A?=", "=?utf-8?b?AA==?="] {
        let error = refused(&format!("{encoded} <a@x>"));
        assert!(matches!(error.mistake(), Mistake::ControlCharacter(_)), "{error}");
        let error = refused(&format!("a@x ({encoded})"));
        assert!(matches!(error.mistake(), Mistake::ControlCharacter(_)), "{error}");
    }
    assert_eq!(refused("\"a\tb\"@x").mistake(), Mistake::ControlCharacter('\t'));
}

/// ADR-17
#[test]
fn addr_specs_are_validated() {
    for (mistake, texts) in [
        (Mistake::MissingAt, &["a", "A B", "A <a>", "<a>", "(a)", "\"A\""][..]),
        (Mistake::MissingLocalPart, &["@x", "<@x>", "A <@x>", "@"]),
        (Mistake::MissingDomain, &["a@", "<a@>", "a@ ", "a@(c)"]),
        (Mistake::SeveralAts, &["a@b@c", "a@@b", "a@b@", "A <a@b@c>"]),
        (Mistake::MisplacedDot, &["a..b@x", ".a@x", "a.@x", "a@x.", "a@.x", "a@x..y", "a@x. .y", "a@.", "a . . b@x"]),
        (Mistake::SpaceInLocalPart, &["a b@x", "a b c@x", "a(c)b@x", "A <a b@x>"]),
        (Mistake::UnclosedQuote, &["\"A B", "\"A <a@x>", "\"", "\"ab\\", "A <\"a@x>", "a@x, \"A"]),
        (Mistake::InvalidCharacter('\\'), &["a\\b@x", "a@x\\", "a@\\x"]),
    ] {
        for text in texts {
            assert_eq!(refused(text).mistake(), mistake, "{text:?}");
        }
    }
    let long = "a".repeat(300);
    for text in ["a@x", "a@-x.com", "a@x_y.com", "a@1.2.3.4", "!#$%&'*+-/=?^_`{|}~@x", &format!("{long}@x")] {
        check(text, "", text);
    }
}

/// ADR-18, the better behaviour
#[test]
fn unicode_addr_specs_get_the_same_checks() {
    check("ü@x", "", "ü@x");
    check("用户@例子.广告", "", "用户@例子.广告");
    check_refused("@bücher.de", Mistake::MissingLocalPart, "@bücher.de");
    check_refused("a..b@bücher.de", Mistake::MisplacedDot, "a..b@bücher.de");
    check_refused("a@bücher.de.", Mistake::MisplacedDot, "a@bücher.de.");
    check_refused("ü b@x", Mistake::SpaceInLocalPart, "ü b@x");
    check_refused("a@x.com\u{a0}", Mistake::InvalidCharacter('\u{a0}'), "a@x.com\\u{a0}");
    check_refused("a\u{200b}@x.com", Mistake::InvalidCharacter('\u{200b}'), "a\\u{200b}@x.com");
}

/// ADR-19
#[test]
fn text_beside_the_address_is_refused() {
    for (mistake, texts) in [
        (
            Mistake::TrailingText,
            &["A <a@x> trailing", "a@x <b@x>", "a@x b@x", "a@x trailing", "a@x(c)y", "A <a@x> <b@x>"][..],
        ),
        (Mistake::TrailingText, &["A@B <a@x>", "a@x>", "<a@x>>", "A <a@x b>", "a@x:b", "a@x[y]"]),
        (Mistake::Semicolon, &["a@x; b@x", "a@x;", "a@x, b@x;", "A <a@x>; b@x", "g: a@x;;"]),
        (Mistake::DomainLiteral, &["a@[127.0.0.1]", "A <a@[IPv6:::1]>", "ü@[1"]),
        (Mistake::UnquotedCharacter('['), &["A [x] <a@x>", "[a@x]"]),
        (Mistake::UnquotedCharacter('>'), &["A > B <a@x>"]),
    ] {
        for text in texts {
            assert_eq!(refused(text).mistake(), mistake, "{text:?}");
        }
    }
}

/// ADR-20
#[test]
fn oddities_are_accepted() {
    check("<a@x.com", "", "a@x.com");
    check("A<a@x>", "A", "a@x");
    check("<@route:a@x>", "", "a@x");
    check("<@r.example:@s:a@x>", "", "a@x");
    check(r#""A" "B" <a@x>"#, "A B", "a@x");
    check(r#"A"B"C <a@x>"#, "A B C", "a@x");
    assert_eq!(parsed("<a@x, B <b@x>").len(), 2);
}

/// IDN-01, IDN-07, IDN-08
#[test]
fn non_ascii_domains_are_encoded_and_kept() {
    for (domain, encoded) in [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("例え。例え", "xn--r8jz45g.xn--r8jz45g"),
        ("Mail.EXAMPLE", "Mail.EXAMPLE"),
        ("XN--zzz.example", "XN--zzz.example"),
        ("a_b.-c.example", "a_b.-c.example"),
    ] {
        let address = Address::try_from(format!("A@{domain}")).unwrap();
        assert_eq!(address.domain(), domain);
        assert_eq!(address.to_ascii(), format!("A@{encoded}"));
    }
}

/// IDN-02
#[test]
fn domains_idna_2008_forbids_are_refused() {
    for (domain, mistake) in [
        ("✉.example", DomainMistake::Disallowed('✉')),
        ("½.example", DomainMistake::Disallowed('⁄')),
        ("a_b.ü", DomainMistake::Disallowed('_')),
        ("a\u{200d}b.ü", DomainMistake::Context('\u{200d}')),
        ("\u{301}a.example", DomainMistake::LeadingMark('\u{301}')),
        ("-ü.example", DomainMistake::Hyphen),
        ("ab--ü.example", DomainMistake::Hyphen),
        ("ü。。example", DomainMistake::EmptyLabel),
        ("1א.example", DomainMistake::Bidi),
        ("xn--99999.ü", DomainMistake::Punycode),
    ] {
        check_refused(&format!("a@{domain}"), Mistake::Domain(mistake), refused(&format!("a@{domain}")).part());
    }
    let label_too_long = format!("a@{}ü", "a".repeat(63));
    assert_eq!(refused(&label_too_long).mistake(), Mistake::Domain(DomainMistake::LabelTooLong));
    let domain_too_long = format!("a@{}example", "ü.".repeat(40));
    assert_eq!(refused(&domain_too_long).mistake(), Mistake::Domain(DomainMistake::DomainTooLong));
}

/// IDN-06
#[test]
fn unicode_local_parts_are_unchanged() {
    let address: Address = "Jörg@bücher.example".parse().unwrap();
    assert_eq!(address.to_ascii(), "Jörg@xn--bcher-kva.example");
    assert_eq!(address.key(), "jörg@xn--bcher-kva.example");
}

#[test]
fn matching_ignores_case_and_encoding_and_equality_does_not() {
    let address = |text: &str| Address::try_from(text).unwrap();
    for (one, other) in [("A@X.Com", "a@x.com"), ("a@BÜCHER.de", "A@xn--bcher-kva.DE"), ("Ü@x", "ü@X")] {
        let (one, other) = (address(one), address(other));
        assert!(one.matches(&other) && other.matches(&one));
        assert_eq!(one.key(), other.key());
        assert_ne!(one, other);
    }
    assert!(!address("a@x").matches(&address("b@x")));
}

#[test]
fn addresses_are_found_by_their_text() {
    let addresses = ["b@x", "a@bücher.de"].map(|text| Address::try_from(text).unwrap());
    assert!(HashSet::from(addresses.clone()).contains("a@bücher.de"));
    assert!(BTreeSet::from(addresses).contains("b@x"));
}

#[test]
fn mailboxes_are_made_of_anything_that_names_one() {
    fn taken(mailbox: impl TryInto<Mailbox, Error: Into<InvalidAddress>>) -> Result<Mailbox, InvalidAddress> {
        mailbox.try_into().map_err(Into::into)
    }
    let address = Address::try_from("a@x").unwrap();
    let mailbox = Mailbox::new(Some("Ann".into()), address.clone()).unwrap();
    for made in [
        taken("Ann <a@x>"),
        taken("Ann <a@x>".to_owned()),
        taken(("Ann", "a@x")),
        taken(("Ann".to_owned(), "a@x".to_owned())),
        taken(("Ann", address.clone())),
        taken(mailbox.clone()),
    ] {
        assert_eq!(made.unwrap(), mailbox);
    }
    assert_eq!(taken(address).unwrap().to_string(), "a@x");
    assert!(taken(("Ann", "a@x, b@x")).is_err());
}
