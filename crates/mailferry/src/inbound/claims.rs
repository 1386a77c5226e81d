//! What a part claims to be: read from its header fields once, when it is found.

use super::file_name;
use super::header::Header;
use super::media::Fields;
use super::transfer::Encoding;

/// What the header fields of a part say of its content.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    /// In lower case, without parameters.
    pub(super) content_type: String,
    /// In lower case.
    pub(super) charset: Option<String>,
    /// In lower case.
    pub(super) disposition: Option<String>,
    pub(super) encoding: Encoding,
    pub(super) file_name: Option<String>,
    /// Without its angle brackets.
    pub(super) content_id: Option<String>,
}

/// The fields that say it. Of several with one name the first counts.
#[derive(Debug, Default)]
pub(super) struct Found {
    content_type: Option<Fields>,
    disposition: Option<Fields>,
    encoding: Option<Encoding>,
    content_id: Option<String>,
}

impl Found {
    pub(super) fn note(&mut self, header: &Header<'_>) {
        let is = |name: &str| header.name().eq_ignore_ascii_case(name);
        if is("Content-Type") {
            self.content_type.get_or_insert_with(|| Fields::parse(&header.unfolded()));
        } else if is("Content-Disposition") {
            self.disposition.get_or_insert_with(|| Fields::parse(&header.unfolded()));
        } else if is("Content-Transfer-Encoding") {
            self.encoding.get_or_insert_with(|| Encoding::named(&header.unfolded()));
        } else if is("Content-ID") {
            self.content_id.get_or_insert_with(|| bare_id(&header.unfolded()).to_owned());
        }
    }

    /// Whether there is a content type, and none that can be read.
    pub(super) fn has_invalid_type(&self) -> bool {
        self.content_type.as_ref().is_some_and(|fields| fields.essence().is_none())
    }

    pub(super) fn boundary(&self) -> Option<Vec<u8>> {
        let boundary = self.content_type.as_ref()?.param("boundary")?.trim_end().as_bytes().to_vec();
        (!boundary.is_empty()).then_some(boundary)
    }

    /// A part without a type is text, or a mail `in_digest`.
    pub(super) fn claims(self, in_digest: bool) -> Claims {
        let (content_type, disposition) = (self.content_type.as_ref(), self.disposition.as_ref());
        let default = if in_digest && content_type.is_none() { "message/rfc822" } else { "text/plain" };
        let charset = content_type.and_then(|fields| fields.param("charset"));
        let name = disposition.and_then(|fields| fields.param("filename"));
        let name = name.or_else(|| content_type?.param("name"));
        Claims {
            content_type: content_type.and_then(Fields::essence).unwrap_or_else(|| default.to_owned()),
            charset: charset.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()),
            disposition: disposition.and_then(Fields::word),
            encoding: self.encoding.unwrap_or(Encoding::Identity),
            file_name: name.map(file_name::on_one_line),
            content_id: self.content_id.filter(|id| !id.is_empty()),
        }
    }
}

/// An id without the angle brackets and quotes round it.
fn bare_id(text: &str) -> &str {
    let bare = text.trim().trim_matches('"').trim();
    let bare = bare.strip_prefix('<').unwrap_or(bare);
    bare.strip_suffix('>').unwrap_or(bare).trim()
}
