//! Which files a browser may show as images, and how large they are when it has.

/// Above this many pixels, a browser is not asked to show an image: each takes four bytes when it does.
pub(crate) const MOST_PIXELS: u64 = 40_000_000;

/// An image that browsers show, and that cannot do anything else. SVG can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Png,
    Gif,
    Jpeg,
    WebP,
}

impl Kind {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

/// What kind of image `content` is, by its first bytes.
pub(crate) fn kind(content: &[u8]) -> Option<Kind> {
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Kind::Png)
    } else if content.starts_with(b"GIF87a") || content.starts_with(b"GIF89a") {
        Some(Kind::Gif)
    } else if content.starts_with(b"\xff\xd8\xff") {
        Some(Kind::Jpeg)
    } else if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
        Some(Kind::WebP)
    } else {
        None
    }
}

/// Width and height in pixels, as the image's own head announces them.
pub(crate) fn size(content: &[u8]) -> Option<(u32, u32)> {
    match kind(content)? {
        Kind::Png => Some((big(content, 16, 4)?, big(content, 20, 4)?)),
        Kind::Gif => Some((little(content, 6, 2)?, little(content, 8, 2)?)),
        Kind::Jpeg => jpeg(content),
        Kind::WebP => webp(content),
    }
}

/// The frame header's, which is behind some other segments.
fn jpeg(content: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2_usize;
    loop {
        if *content.get(at)? != 0xff {
            return None;
        }
        let marker = *content.get(at.checked_add(1)?)?;
        match marker {
            // Filling, and markers without a length.
            0xff => at = at.checked_add(1)?,
            0x01 | 0xd0..=0xd7 => at = at.checked_add(2)?,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(content, at.checked_add(7)?, 2)?, big(content, at.checked_add(5)?, 2)?));
            }
            // The image begins, or ends, without one.
            0xd9 | 0xda => return None,
            _ => {
                let length = big(content, at.checked_add(2)?, 2)?.max(2);
                at = at.checked_add(2)?.checked_add(usize::try_from(length).ok()?)?;
            }
        }
    }
}

fn webp(content: &[u8]) -> Option<(u32, u32)> {
    const FOURTEEN_BITS: u32 = 0x3fff;
    match content.get(12..16)? {
        b"VP8 " => Some((little(content, 26, 2)? & FOURTEEN_BITS, little(content, 28, 2)? & FOURTEEN_BITS)),
        b"VP8L" => {
            let bits = little(content, 21, 4)?;
            Some(((bits & FOURTEEN_BITS).checked_add(1)?, (bits >> 14 & FOURTEEN_BITS).checked_add(1)?))
        }
        b"VP8X" => Some((little(content, 24, 3)?.checked_add(1)?, little(content, 27, 3)?.checked_add(1)?)),
        _ => None,
    }
}

fn big(content: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = content.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn little(content: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = content.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read() {
        let check = |content: &[u8], expected| assert_eq!(size(content), expected, "{content:x?}");
        check(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x02...", Some((256, 2)));
        check(b"GIF89a\x03\0\x00\x01...", Some((3, 256)));
        check(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08\0\x05\x01\0\x03", Some((256, 5)));
        check(b"\xff\xd8\xff\xda\0\x04ab\xff\xc0\0\x11\x08\0\x05\x01\0", None);
        check(b"RIFF....WEBPVP8 ....\0\0\0\x9d\x01\x2a\x10\x40\x20\x80", Some((16, 32)));
        check(b"RIFF....WEBPVP8L....\x2f\x0f\xc0\x07\0", Some((16, 32)));
        check(b"RIFF....WEBPVP8X....\0\0\0\0\xff\xff\xff\x01\0\0", Some((0x0100_0000, 2)));
        check(b"RIFF....WEBPWHAT", None);
        check(b"<svg xmlns='http://www.w3.org/2000/svg' width='1'/>", None);
        check(b"", None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(head in 0_usize..4, tail in prop::collection::vec(any::<u8>(), 0..60)) {
            let heads: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"RIFF....WEBP"];
            let _ = size(&[heads[head], &tail].concat());
        }
    }
}
