//! What somebody wrote in a reply, without what they quote.
//!
//! There is no rule by which programs quote. What is here takes away only what is surely a quotation or a signature, at
//! the end of a text or at its beginning; in doubt it leaves the text as it is.

use super::InboundMessage;

/// An introduction (`On … wrote:`) is no longer than this, in bytes.
const MAX_INTRODUCTION: usize = 400;

/// What introduces a quotation, in the languages of widely used programs.
const WROTE: [&str; 22] = [
    "wrote",
    "writes",
    "schrieb",
    "a écrit",
    "écrit",
    "escribió",
    "ha scritto",
    "scrisse",
    "escreveu",
    "schreef",
    "napsal(a)",
    "napsal",
    "napsala",
    "napísal(a)",
    "napisał(a)",
    "napisał",
    "pisze",
    "skrev",
    "kirjoitti",
    "написал(а)",
    "написал",
    "пише",
];

/// What stands between dashes above a mail that is answered.
const ORIGINAL: [&str; 10] = [
    "original message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "mensagem original",
    "oorspronkelijk bericht",
    "původní zpráva",
];

/// The names by which Outlook heads a mail that is answered: who, when, to whom, about what.
const HEADINGS: [[&[&str]; 2]; 8] = [
    [&["from"], &["sent", "date", "to", "cc", "subject"]],
    [&["von"], &["gesendet", "datum", "an", "cc", "betreff"]],
    [&["de"], &["envoyé", "date", "à", "cc", "objet"]],
    [&["de"], &["enviado", "fecha", "data", "para", "cc", "asunto", "assunto"]],
    [&["da"], &["inviato", "data", "a", "cc", "oggetto"]],
    [&["van"], &["verzonden", "datum", "aan", "cc", "onderwerp"]],
    [&["od"], &["odesláno", "datum", "komu", "kopie", "předmět", "wysłano", "data", "do", "temat"]],
    [&["från", "fra"], &["skickat", "sendt", "dato", "till", "til", "kopia", "ämne", "emne"]],
];

impl InboundMessage {
    /// The text without the mail that it answers and without the signature, as far as these can be told for certain:
    /// see [`strip_quotes`]. `None` without a text.
    pub fn reply_text(&self) -> Option<String> {
        self.text().map(|text| strip_quotes(&text))
    }
}

/// A text without what it quotes and without its signature.
///
/// Taken away are: lines from `-- ` on; from `-----Original Message-----` on; from the block of `From:`, `Sent:`, `To:`,
/// `Subject:` on by which Outlook heads what it quotes; lines with `>` at the end of the text, and the line that
/// introduces them (`On … wrote:`, also in other languages and broken in two); and the same at the beginning of the
/// text, where an answer follows. What is quoted between answers stays, for they would make no sense without it. So does
/// all of a text in which nothing would be left.
///
/// ```
/// use mailferry::inbound::strip_quotes;
///
/// let text = "Yes, please.\n\nOn Mon, Jun 2, 2025 at 10:00 AM Ann <ann@example.com> wrote:\n> Shall I?\n";
/// assert_eq!(strip_quotes(text), "Yes, please.\n");
/// ```
pub fn strip_quotes(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut end = lines.iter().position(|line| is_signature(line)).unwrap_or(lines.len());
    end = (0..end).find(|&at| is_heading(lines.get(at..end).unwrap_or_default())).unwrap_or(end);
    let kept = lines.get(..end).unwrap_or_default();
    let kept = kept.get(..before_quotation(kept)).unwrap_or_default();
    let kept = kept.get(after_quotation(kept)..).unwrap_or_default();
    if kept.iter().all(|line| line.trim().is_empty()) {
        return text.to_owned();
    }
    kept.concat()
}

/// The delimiter of a signature (RFC 3676): the blank at its end tells it from a line.
fn is_signature(line: &str) -> bool {
    line.trim_end_matches(['\r', '\n']) == "-- "
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('>')
}

/// Whether lines begin with the heading of a mail that is answered.
fn is_heading(lines: &[&str]) -> bool {
    let Some(first) = lines.first().map(|line| line.trim()) else { return false };
    if let Some(inside) = first.strip_prefix("---").and_then(|rest| rest.strip_suffix("---")) {
        let inside = inside.trim_matches(['-', ' ']).to_lowercase();
        return ORIGINAL.contains(&inside.as_str());
    }
    // Outlook draws a line above, which belongs to the heading.
    let ruled = first.len() >= 20 && first.bytes().all(|byte| byte == b'_');
    let block = if ruled { lines.get(1..).unwrap_or_default() } else { lines };
    let mut block = block.iter().skip_while(|line| ruled && is_blank(line)).take_while(|line| !is_blank(line)).take(6);
    let Some(first) = block.next().and_then(|line| label(line)) else { return false };
    let others: Vec<_> = block.filter_map(|line| label(line)).collect();
    HEADINGS.iter().any(|[who, rest]| {
        let found = rest.iter().filter(|name| others.iter().any(|other| other == *name)).count();
        who.contains(&first.as_str()) && found >= 2
    })
}

/// The name before the colon, in lower case: Outlook may set it between asterisks.
fn label(line: &str) -> Option<String> {
    let (name, _) = line.trim().trim_start_matches('*').split_once(':')?;
    let name = name.trim_end_matches(['*', ' ', '\u{a0}']);
    (name.len() <= 20).then(|| name.to_lowercase())
}

/// How many lines are before the quotation at the end, its introduction left out; all, when there is none.
fn before_quotation(lines: &[&str]) -> usize {
    let Some(last) = lines.iter().rposition(|line| !is_blank(line)) else { return lines.len() };
    if !lines.get(last).is_some_and(|line| is_quoted(line)) {
        return lines.len();
    }
    let before = lines.get(..last).unwrap_or_default();
    let start = before.iter().rposition(|line| !is_blank(line) && !is_quoted(line)).map_or(0, |line| line + 1);
    let start = start - introduction(lines.get(..start).unwrap_or_default());
    // Blank lines before a quotation belong to it.
    let kept = lines.get(..start).unwrap_or_default();
    kept.iter().rposition(|line| !is_blank(line)).map_or(0, |line| line + 1)
}

/// Where the answer starts when a quotation with its introduction begins the text; 0, when there is none.
fn after_quotation(lines: &[&str]) -> usize {
    let is_ordinary = |line: &&str| !is_blank(line) && !is_quoted(line);
    let Some(quoted) = lines.iter().position(|line| is_quoted(line)) else { return 0 };
    let before = lines.get(..quoted).unwrap_or_default();
    let end = before.iter().rposition(is_ordinary).map_or(0, |line| line + 1);
    let count = introduction(before.get(..end).unwrap_or_default());
    if count == 0 || before.get(..end - count).unwrap_or_default().iter().any(is_ordinary) {
        return 0;
    }
    let rest = lines.get(quoted..).unwrap_or_default();
    let answer = rest.iter().position(is_ordinary).map_or(lines.len(), |line| quoted + line);
    // With another quotation further on, the answers are between the quotations.
    let has_more = lines.get(answer..).unwrap_or_default().iter().any(|line| is_quoted(line));
    if has_more { 0 } else { answer }
}

/// How many lines at the end of these introduce a quotation: one, two when it was broken, or none.
fn introduction(lines: &[&str]) -> usize {
    let (Some(last), before) = (lines.last(), lines.iter().rev().nth(1)) else { return 0 };
    if is_introduction(last.trim()) {
        return 1;
    }
    match before {
        Some(first) if !is_blank(first) && is_introduction(&format!("{} {}", first.trim(), last.trim())) => 2,
        _ => 0,
    }
}

/// `On Mon, Jun 2, 2025 at 10:00 AM Ann <ann@example.com> wrote:`, with the verb at the end or before the name.
fn is_introduction(text: &str) -> bool {
    if text.len() > MAX_INTRODUCTION || !text.contains(|char: char| char.is_ascii_digit()) {
        return false;
    }
    if text.ends_with("写道：") || text.ends_with("写道:") {
        return true;
    }
    let Some(text) = text.strip_suffix([':', '：']) else { return false };
    let text = format!(" {} ", text.trim_end().to_lowercase());
    WROTE.iter().any(|verb| text.contains(&format!(" {verb} ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(strip_quotes(text), expected, "{text:?}");
        assert_eq!(strip_quotes(&text.replace('\n', "\r\n")), expected.replace('\n', "\r\n"), "{text:?} with CRLF");
    }

    #[test]
    fn what_a_reply_quotes_is_taken_away() {
        for introduction in [
            "On Mon, Jun 2, 2025 at 10:00 AM Ann <ann@x.example> wrote:",
            "On Mon, Jun 2, 2025 at 10:00 AM Ann Lee of the Very Long Company Name\n<ann@x.example> wrote:",
            "Am 02.06.2025 um 10:00 schrieb Ann Lee <ann@x.example>:",
            "Le lun. 2 juin 2025 à 10:00, Ann <ann@x.example> a écrit :",
            "El lun, 2 jun 2025 a las 10:00, Ann (<ann@x.example>) escribió:",
            "Il giorno lun 2 giu 2025 alle ore 10:00 Ann <ann@x.example> ha scritto:",
            "Dne 2. 6. 2025 v 10:00 Ann napsal(a):",
            "po 2. 6. 2025 v 10:00 odesílatel Ann <ann@x.example>\nnapsal:",
            "Op ma 2 jun 2025 om 10:00 schreef Ann <ann@x.example>:",
            "W dniu 2.06.2025 o 10:00, Ann pisze:",
            "2025-06-02 10:00, Ann wrote:",
            "2025年6月2日 10:00，Ann 写道：",
        ] {
            check(&format!("Yes.\n\n{introduction}\n\n> Shall I?\n>\n> Ann\n"), "Yes.\n");
            check(&format!("{introduction}\n> Shall I?\n\nYes.\n"), "Yes.\n");
        }
        check("Yes.\n\n> Shall I?\n", "Yes.\n");
        check("Yes.\n\n-----Original Message-----\nFrom: Ann\n\nShall I?\n", "Yes.\n\n");
        check("Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\n", "Ja.\n\n");
        check("Yes.\n-- \nBob\nSales\n", "Yes.\n");
        check(
            "Yes.\n\n________________________________\nFrom: Ann <a@x.example>\nSent: Monday\nTo: Bob\nSubject: s\n\nShall I?\n",
            "Yes.\n\n",
        );
        check("Ja.\n\nVon: Ann <a@x.example>\nGesendet: Montag\nAn: Bob\nBetreff: s\n\nSoll ich?\n", "Ja.\n\n");
        check("Oui.\n\n*De :* Ann\n*Envoyé :* lundi\n*Objet :* s\n\nDois-je ?\n", "Oui.\n\n");
    }

    #[test]
    fn in_doubt_the_text_stays() {
        for text in [
            "",
            "Hello.\n",
            "On Monday I wrote: nothing.\n",
            "On 2 June Ann wrote:\nshall I?\n",
            "> one\nYes.\n> two\nNo.\n",
            "On 2 June Ann wrote:\n> one\nYes.\n> two\nNo.\n",
            "> only a quotation\n",
            "-- \nonly a signature\n",
            "--\nno signature\n",
            "From: the sea\nwith love\n",
            "From: Ann\nSubject: poems\n\nThat is all I know.\n",
            "---------- Forwarded message ---------\nFrom: Ann\n\nSee below.\n",
            "a > b\n",
        ] {
            check(text, text);
        }
    }

    proptest! {
        #[test]
        fn only_whole_lines_are_taken_away(
            text in "((> ?)?(On 2 June Ann wrote:|-- |-{5}Original Message-{5}|From: a|Sent: b|To: c|_{20}|x|\\PC{0,9})?\r?\n){0,12}"
        ) {
            let stripped = strip_quotes(&text);
            prop_assert!(text.contains(&stripped));
            prop_assert!(stripped.trim().is_empty() == text.trim().is_empty());
            prop_assert!(text.contains(['>', '-', ':']) || stripped == text);
        }
    }
}
