//! Domains as the DNS knows them: IDNA 2008 (RFC 5890 to 5893) after the mapping of UTS 46, non-transitional.
//!
//! UTS 46 alone allows more than IDNA 2008 does, emoji above all. Registries follow IDNA 2008, so a domain only UTS 46
//! allows cannot be registered, and mail to it could only go to somebody else's wildcard. Hence the mapping is
//! taken from UTS 46, and what is allowed from RFC 5892.

use icu_normalizer::uts46::Uts46MapperBorrowed;
use icu_properties::props::{
    BidiClass, DefaultIgnorableCodePoint, GeneralCategory, HangulSyllableType, JoiningType, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use idna::punycode;

use super::error::DomainMistake;

const MAPPER: Uts46MapperBorrowed<'static> = Uts46MapperBorrowed::new();
const ENCODED_PREFIX: &str = "xn--";
const LABEL_OCTETS: usize = 63;
const DOMAIN_OCTETS: usize = 253;

/// The ASCII form of a domain that is not ASCII.
pub(super) fn to_ascii(domain: &str) -> Result<String, DomainMistake> {
    let mapped: String = MAPPER.map_normalize(domain.chars()).collect();
    let mut ascii = String::with_capacity(mapped.len().min(DOMAIN_OCTETS));
    for (index, label) in mapped.split('.').enumerate() {
        if index > 0 {
            ascii.push('.');
        }
        encode_label(label, &mut ascii)?;
        if ascii.len() > DOMAIN_OCTETS {
            return Err(DomainMistake::DomainTooLong);
        }
    }
    Ok(ascii)
}

fn encode_label(label: &str, ascii: &mut String) -> Result<(), DomainMistake> {
    if label.is_empty() {
        return Err(DomainMistake::EmptyLabel);
    }
    // Punycode writes at least one octet for each character, and takes quadratic time to do so.
    if label.chars().nth(LABEL_OCTETS).is_some() {
        return Err(DomainMistake::LabelTooLong);
    }
    if !label.is_ascii() {
        check_label(label)?;
        let encoded = punycode::encode_str(label).ok_or(DomainMistake::LabelTooLong)?;
        if ENCODED_PREFIX.len() + encoded.len() > LABEL_OCTETS {
            return Err(DomainMistake::LabelTooLong);
        }
        ascii.push_str(ENCODED_PREFIX);
        ascii.push_str(&encoded);
        return Ok(());
    }
    match label.strip_prefix(ENCODED_PREFIX) {
        Some(encoded) => check_encoded(encoded)?,
        None => check_label(label)?,
    }
    ascii.push_str(label);
    Ok(())
}

/// RFC 5891, section 5.4: what an `xn--` label stands for must be allowed, and must be encoded the one canonical way.
fn check_encoded(encoded: &str) -> Result<(), DomainMistake> {
    if encoded.is_empty() || encoded.ends_with('-') {
        return Err(DomainMistake::Punycode);
    }
    let label = punycode::decode_to_string(encoded).ok_or(DomainMistake::Punycode)?;
    let mapped_already = MAPPER.normalize_validate(label.chars()).eq(label.chars());
    if !mapped_already || punycode::encode_str(&label).as_deref() != Some(encoded) {
        return Err(DomainMistake::Punycode);
    }
    check_label(&label)
}

/// RFC 5891, section 4.2.3, for a label in its mapped and normalized Unicode form.
fn check_label(label: &str) -> Result<(), DomainMistake> {
    let label: Vec<char> = label.chars().collect();
    let hyphens_like_an_encoded_label = matches!(label.as_slice(), [_, _, '-', '-', ..]);
    if hyphens_like_an_encoded_label || label.first() == Some(&'-') || label.last() == Some(&'-') {
        return Err(DomainMistake::Hyphen);
    }
    if let Some(&first) = label.first()
        && is_mark(first)
    {
        return Err(DomainMistake::LeadingMark(first));
    }
    for (position, &c) in label.iter().enumerate() {
        let (before, rest) = label.split_at(position);
        let after = rest.get(1..).unwrap_or_default();
        match class(c) {
            Class::Valid => {}
            Class::Contextual if fits(before, c, after) => {}
            Class::Contextual => return Err(DomainMistake::Context(c)),
            Class::Disallowed => return Err(DomainMistake::Disallowed(c)),
        }
    }
    check_bidi(&label)
}

/// The derived property of RFC 5892. Code points its categories B (unstable) and D (unassigned) disallow need no
/// case of their own: the mapping has replaced the former, and the latter have no general category of a letter.
enum Class {
    Valid,
    Contextual,
    Disallowed,
}

#[expect(clippy::match_same_arms, reason = "the order and the grouping are those of RFC 5892")]
fn class(c: char) -> Class {
    match c {
        'a'..='z' | '0'..='9' | '-' => Class::Valid,
        _ if c.is_ascii() => Class::Disallowed,
        // Section 2.6, exceptions.
        'ß' | 'ς' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '〇' => Class::Valid,
        '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '・' => Class::Contextual,
        '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => Class::Contextual,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => Class::Disallowed,
        // Section 2.8, joiners.
        '\u{200c}' | '\u{200d}' => Class::Contextual,
        // Section 2.4, blocks of symbols and of musical notation.
        '\u{20d0}'..='\u{20ff}' | '\u{1d100}'..='\u{1d24f}' => Class::Disallowed,
        _ if is_old_hangul_jamo(c) || is_ignorable(c) => Class::Disallowed,
        _ if is_letter_or_digit(c) => Class::Valid,
        _ => Class::Disallowed,
    }
}

fn is_letter_or_digit(c: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::LowercaseLetter
            | GeneralCategory::UppercaseLetter
            | GeneralCategory::OtherLetter
            | GeneralCategory::ModifierLetter
            | GeneralCategory::DecimalNumber
            | GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
    )
}

fn is_mark(c: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark
    )
}

fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn is_old_hangul_jamo(c: char) -> bool {
    matches!(
        CodePointMapData::<HangulSyllableType>::new().get(c),
        HangulSyllableType::LeadingJamo | HangulSyllableType::VowelJamo | HangulSyllableType::TrailingJamo
    )
}

/// The contextual rules of RFC 5892, appendix A.
fn fits(before: &[char], c: char, after: &[char]) -> bool {
    match c {
        '\u{200c}' => follows_virama(before) || joins(before, after),
        '\u{200d}' => follows_virama(before),
        '\u{b7}' => before.last() == Some(&'l') && after.first() == Some(&'l'),
        '\u{375}' => after.first().is_some_and(|&next| script(next) == Script::Greek),
        '\u{5f3}' | '\u{5f4}' => before.last().is_some_and(|&previous| script(previous) == Script::Hebrew),
        '・' => {
            let mut others = before.iter().chain(after).filter(|&&other| other != '・');
            others.any(|&other| matches!(script(other), Script::Hiragana | Script::Katakana | Script::Han))
        }
        '\u{660}'..='\u{669}' => !before.iter().chain(after).any(|other| ('\u{6f0}'..='\u{6f9}').contains(other)),
        '\u{6f0}'..='\u{6f9}' => !before.iter().chain(after).any(|other| ('\u{660}'..='\u{669}').contains(other)),
        _ => false,
    }
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

fn follows_virama(before: &[char]) -> bool {
    before.last().is_some_and(|&previous| MAPPER.is_virama(previous))
}

/// Appendix A.1: a zero width non-joiner may part two letters that would otherwise be joined.
fn joins(before: &[char], after: &[char]) -> bool {
    let joining_type = |&c: &char| CodePointMapData::<JoiningType>::new().get(c);
    let visible = |joining: &JoiningType| *joining != JoiningType::Transparent;
    let left = before.iter().rev().map(joining_type).find(visible);
    let right = after.iter().map(joining_type).find(visible);
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// The rule of RFC 5893, section 2, for labels that contain anything written from right to left.
fn check_bidi(label: &[char]) -> Result<(), DomainMistake> {
    let directions = || label.iter().map(|&c| CodePointMapData::<BidiClass>::new().get(c));
    let right_to_left =
        |direction| matches!(direction, BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::ArabicNumber);
    if !directions().any(right_to_left) {
        return Ok(());
    }
    let begins_right_to_left = matches!(directions().next(), Some(BidiClass::RightToLeft | BidiClass::ArabicLetter));
    // A label that begins from left to right fails here too: it contains what only a label of the other
    // direction may contain.
    let only_allowed = directions().all(|direction| right_to_left(direction) || is_neutral(direction));
    let end = directions().rfind(|direction| *direction != BidiClass::NonspacingMark);
    let ends_well = end.is_some_and(|end| right_to_left(end) || end == BidiClass::EuropeanNumber);
    let has = |wanted| directions().any(|direction| direction == wanted);
    let numerals_mixed = has(BidiClass::EuropeanNumber) && has(BidiClass::ArabicNumber);
    if begins_right_to_left && only_allowed && ends_well && !numerals_mixed { Ok(()) } else { Err(DomainMistake::Bidi) }
}

fn is_neutral(direction: BidiClass) -> bool {
    matches!(
        direction,
        BidiClass::EuropeanNumber
            | BidiClass::EuropeanSeparator
            | BidiClass::CommonSeparator
            | BidiClass::EuropeanTerminator
            | BidiClass::OtherNeutral
            | BidiClass::BoundaryNeutral
            | BidiClass::NonspacingMark
    )
}
