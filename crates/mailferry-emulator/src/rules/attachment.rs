//! Which attachments MailerSend takes.

/// The extensions that may be attached (facts sheet 3.4, documented 2025-12). Upper case is accepted too (UNCERTAIN).
const EXTENSIONS: &[&str] = &[
    "txt", "csv", "log", "css", "ics", "xml", // text
    "jpg", "jpe", "jpeg", "gif", "png", "bmp", "psd", "tif", "tiff", "svg", "indd", "ai", "eps", // image
    "doc", "docx", "rtf", "odt", "ott", "pdf", "pub", "pages", "mobi", "epub", // document
    "mp3", "m4a", "m4v", "wma", "ogg", "flac", "wav", "aif", "aifc", "aiff", // audio
    "mp4", "mov", "avi", "mkv", "mpeg", "mpg", "wmv", // video
    "xls", "xlsx", "ods", "numbers", // spreadsheet
    "odp", "ppt", "pptx", "pps", "key", // presentation
    "zip", "vcf", // archive
    "eml", // email
    "p7c", "p7m", "p7s", "pgp", "asc", "sig", // crypto
];

/// The first bytes of a kind of file, and the extensions under which such a file may go.
const SIGNATURES: &[(&[u8], &[&str])] = &[
    (b"\x89PNG\r\n\x1a\n", &["png"]),
    (b"GIF87a", &["gif"]),
    (b"GIF89a", &["gif"]),
    (b"\xff\xd8\xff", &["jpg", "jpe", "jpeg"]),
    // Illustrator files are PDF inside.
    (b"%PDF-", &["pdf", "ai"]),
    // Office, OpenDocument, EPUB and iWork files are archives inside.
    (b"PK\x03\x04", &["zip", "docx", "xlsx", "pptx", "odt", "ott", "ods", "odp", "epub", "pages", "numbers", "key"]),
];

/// The extension of `filename` in lower case.
pub(super) fn extension(filename: &str) -> Option<String> {
    filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())
}

/// Whether files called `filename` may be attached.
pub(crate) fn is_supported(filename: &str) -> bool {
    extension(filename).is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// Whether `content` is recognizably another kind of file than `filename` says. Content that is not recognized is
/// never held against a name: how far MailerSend looks into other kinds is UNCERTAIN.
pub(super) fn contradicts(filename: &str, content: &[u8]) -> bool {
    let Some(extension) = extension(filename) else { return false };
    SIGNATURES
        .iter()
        .find(|(start, _)| content.starts_with(start))
        .is_some_and(|(_, extensions)| !extensions.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_are_compared() {
        let check = |name, content: &[u8], expected| assert_eq!(contradicts(name, content), expected, "{name}");
        check("a.png", b"\x89PNG\r\n\x1a\n...", false);
        check("a.PNG", b"\x89PNG\r\n\x1a\n...", false);
        check("a.png", b"GIF89a...", true);
        check("a.jpeg", b"\xff\xd8\xff\xe0", false);
        check("a.txt", b"%PDF-1.7", true);
        check("a.docx", b"PK\x03\x04", false);
        check("a.csv", b"PK\x03\x04", true);
        check("a.png", b"not a picture", false);
    }

    #[test]
    fn extensions_are_listed() {
        assert!(is_supported("a.b.PDF"));
        assert!(!is_supported("a.exe") && !is_supported("pdf"));
    }
}
