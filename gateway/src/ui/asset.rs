//! A file of the page, with its media type, and compressed once.

use crate::downstream::compression::{accepts_brotli, accepts_gzip};
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write as _};
use std::sync::OnceLock;

/// The quality of brotli: the best, as each file is compressed once. A debug build would take seconds for it.
const BROTLI_QUALITY: i32 = if cfg!(debug_assertions) { 4 } else { 11 };

/// The media types by the extension of a file. Any other file is a text, such as a licence.
const MEDIA_TYPES: [(&str, &str); 7] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("woff2", "font/woff2"),
];
const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// A file of the page.
pub(crate) struct Asset {
    pub(super) media_type: &'static str,
    pub(super) bytes: Bytes,
    brotli: OnceLock<Representation>,
    gzip: OnceLock<Representation>,
}

/// The bytes of a file as they are sent (RFC 9110, 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Representation {
    pub(super) bytes: Bytes,
    /// `Content-Encoding`; `None` where the file gets no smaller.
    pub(super) coding: Option<ContentCoding>,
}

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentCoding {
    Brotli,
    Gzip,
}

impl ContentCoding {
    /// The best one that a client accepts.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        if accepts_brotli(headers) { Some(Self::Brotli) } else { accepts_gzip(headers).then_some(Self::Gzip) }
    }

    /// The name in `Content-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

impl Asset {
    /// A file that is not compressed yet.
    pub(super) fn new(name: &str, bytes: Bytes) -> Self {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let known = MEDIA_TYPES.iter().find(|(known, _)| Some(*known) == extension);
        let media_type = known.map_or(PLAIN_TEXT, |(_, media_type)| media_type);
        Self { media_type, bytes, brotli: OnceLock::new(), gzip: OnceLock::new() }
    }

    /// The file as it is.
    pub(super) fn identity(&self) -> Representation {
        Representation { bytes: self.bytes.clone(), coding: None }
    }

    /// The compressed file, if it was compressed before.
    pub(super) fn compressed(&self, coding: ContentCoding) -> Option<Representation> {
        self.cell(coding).get().cloned()
    }

    /// The compressed file, which is compressed now if it was not. It may take a tenth of a second.
    pub(super) fn compress(&self, coding: ContentCoding) -> Representation {
        let compress = || {
            let compressed = match coding {
                ContentCoding::Brotli => brotli(&self.bytes),
                ContentCoding::Gzip => gzip(&self.bytes),
            };
            // Writing to memory does not fail.
            let smaller = compressed.ok().filter(|bytes| bytes.len() < self.bytes.len());
            smaller.map_or_else(
                || self.identity(),
                |bytes| Representation { bytes: bytes.into(), coding: Some(coding) },
            )
        };
        self.cell(coding).get_or_init(compress).clone()
    }

    fn cell(&self, coding: ContentCoding) -> &OnceLock<Representation> {
        match coding {
            ContentCoding::Brotli => &self.brotli,
            ContentCoding::Gzip => &self.gzip,
        }
    }
}

fn brotli(mut plain: &[u8]) -> io::Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut plain, &mut compressed, &params)?;
    Ok(compressed)
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_follows_from_the_extension() {
        for (name, expected) in [
            ("lib/html.js", "text/javascript; charset=utf-8"),
            ("styles/base.css", "text/css; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
            ("vendor/LICENSE.htm", PLAIN_TEXT),
            ("LICENSE", PLAIN_TEXT),
        ] {
            assert_eq!(Asset::new(name, Bytes::new()).media_type, expected, "{name}");
        }
    }

    #[test]
    fn a_file_that_gets_no_smaller_is_not_compressed() {
        let (short, long) =
            (Asset::new("a.js", Bytes::from("a")), Asset::new("b.js", Bytes::from("a".repeat(500))));
        for coding in [ContentCoding::Brotli, ContentCoding::Gzip] {
            assert_eq!(short.compress(coding), short.identity());
            assert_eq!(long.compressed(coding), None);
            let compressed = long.compress(coding);
            assert!(compressed.coding == Some(coding) && compressed.bytes.len() < 50);
            assert_eq!(long.compressed(coding), Some(compressed));
        }
    }
}
