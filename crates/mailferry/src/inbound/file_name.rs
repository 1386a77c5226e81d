//! File names of strangers, made harmless.

/// File systems take as many bytes in a name.
const MAX_BYTES: usize = 255;
/// An ending that is kept when a long name is cut; longer ones are none.
const MAX_ENDING: usize = 16;

/// A name with its line breaks made blanks.
pub(super) fn on_one_line(name: &str) -> String {
    if !name.contains(['\r', '\n']) {
        return name.to_owned();
    }
    name.split(['\r', '\n']).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A name that may be used for a file in a folder, whatever is given.
///
/// Folders are dropped, of every system; so are control characters, invisible marks that turn the direction of writing,
/// and blanks and dots at the ends. Names that some system reserves get an underscore.
pub(super) fn safe(name: &str, content_type: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = base
        .chars()
        .filter(|&char| !char.is_control() && !is_invisible(char))
        .map(|char| if matches!(char, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { char })
        .collect();
    let kept = kept.trim_matches(is_lost_at_ends);
    if kept.is_empty() {
        let ending = mime2ext::mime2ext(content_type).unwrap_or("bin");
        return format!("attachment.{ending}");
    }
    let kept = if is_reserved(kept) { format!("_{kept}") } else { kept.to_owned() };
    shortened(&kept)
}

/// Marks that make a name look like another one: `exe.fdp` shown as `pdf.exe`, blanks without width.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

/// Some systems drop blanks and dots at the end of a name; a dot at its start hides a file.
fn is_lost_at_ends(char: char) -> bool {
    char.is_whitespace() || char == '.'
}

/// Names of devices, which Windows reserves with any ending.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = |prefix| {
        let number = stem.strip_prefix(prefix).unwrap_or_default();
        matches!(number, "¹" | "²" | "³") || matches!(number.as_bytes(), [b'1'..=b'9'])
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || is_port("COM") || is_port("LPT")
}

fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let ending = name.rfind('.').and_then(|dot| name.get(dot..)).filter(|ending| ending.len() <= MAX_ENDING);
    let ending = ending.unwrap_or_default();
    let cut = name.floor_char_boundary(MAX_BYTES - ending.len());
    let start = name.get(..cut).unwrap_or_default();
    format!("{}{ending}", start.trim_end_matches(is_lost_at_ends))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// MIM-25
    #[test]
    fn names_are_made_harmless() {
        for (name, expected) in [
            ("a.pdf", "a.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\x.txt", "x.txt"),
            ("..\\..\\x", "x"),
            ("..", "attachment.pdf"),
            ("", "attachment.pdf"),
            ("/", "attachment.pdf"),
            (" . ", "attachment.pdf"),
            (".htaccess", "htaccess"),
            ("a\0b\r\n.txt", "ab.txt"),
            ("a:b?.txt", "a_b_.txt"),
            ("CON", "_CON"),
            ("com1.txt", "_com1.txt"),
            ("COM².txt", "_COM².txt"),
            ("conin$", "_conin$"),
            ("company.txt", "company.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("invoice\u{61c}fdp.exe", "invoicefdp.exe"),
            ("žluť.txt", "žluť.txt"),
        ] {
            assert_eq!(safe(name, "application/pdf"), expected, "{name:?}");
        }
        let long = format!("{}.txt", "ž".repeat(300));
        let safe = safe(&long, "text/plain");
        assert!(safe.len() <= 255 && safe.len() > 250 && safe.ends_with("ž.txt"), "{safe}");
        assert_eq!(super::safe(&format!("{}. {}", "a".repeat(253), "b".repeat(20)), ""), "a".repeat(253));
        assert_eq!(on_one_line("a\r\n b\nc"), "a  b c");
    }

    proptest! {
        /// MIM-25
        #[test]
        fn every_name_is_harmless(name in "\\PC*|[./\\\\a:\\x00-\\x20]{0,20}|.{200,300}") {
            let safe = safe(&name, "x/y");
            prop_assert!(!safe.is_empty() && safe.len() <= 255);
            prop_assert!(safe != "." && safe != ".." && !safe.contains(['/', '\\']));
            prop_assert!(!safe.chars().any(char::is_control));
        }
    }
}
