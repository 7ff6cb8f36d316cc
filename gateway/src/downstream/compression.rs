//! Compression of JSON responses of known length with gzip, for clients that accept it.

use actix_web::body::{BodySize, BoxBody, MessageBody, None as NoBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderValue, VARY,
};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::error::Error;
use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Shorter responses are sent as they are: compression would save less than a packet.
const MIN_BYTES: u64 = 1024;

/// The size of compressed pieces, about.
const PIECE_BYTES: usize = 0x2000;

/// The most bytes compressed in one poll, which takes about a millisecond, before other tasks run.
const MAX_BYTES_PER_POLL: usize = 0x4_0000;

/// Compresses a response, if it is suitable and the client accepts gzip.
pub(crate) fn compress(mut response: ServiceResponse) -> ServiceResponse {
    let is_long = matches!(response.response().body().size(), BodySize::Sized(length) if length > MIN_BYTES);
    if !is_long || !may_compress(response.status(), response.headers()) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    // The compressed length is not known beforehand, and HTTP/1.0 has no chunks.
    let accepts_chunks = response.request().version() >= Version::HTTP_11;
    if !accepts_chunks || !accepts_gzip(response.request().headers()) {
        return response;
    }
    let is_head = response.request().method() == Method::HEAD;
    set_headers(response.headers_mut());
    response.map_body(|_, body| {
        // The length that GET would have is not known.
        if is_head { BoxBody::new(NoBody::new()) } else { BoxBody::new(GzipBody::of(body)) }
    })
}

fn may_compress(status: StatusCode, headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
    let is_json = media_type.and_then(|media_type| media_type.split(';').next()).is_some_and(|media_type| {
        let media_type = media_type.trim().to_ascii_lowercase();
        media_type == "application/json" || media_type.ends_with("+json")
    });
    let is_whole = status != StatusCode::PARTIAL_CONTENT && !headers.contains_key(CONTENT_RANGE);
    is_json && is_whole && !headers.contains_key(CONTENT_ENCODING)
}

/// Sets the headers of a compressed response. A strong entity tag becomes a weak one, as the bytes differ.
fn set_headers(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(CONTENT_LENGTH);
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/"));
    if let Some(weak) = tag.and_then(|tag| HeaderValue::from_str(&format!("W/{tag}")).ok()) {
        headers.insert(ETAG, weak);
    }
}

/// Whether `Accept-Encoding` accepts gzip, and does not prefer `identity`.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    accepts_one_of(headers, &["gzip", "x-gzip"])
}

/// Whether `Accept-Encoding` accepts brotli, and does not prefer `identity`.
pub(crate) fn accepts_brotli(headers: &HeaderMap) -> bool {
    accepts_one_of(headers, &["br"])
}

/// Whether `Accept-Encoding` accepts a content coding, by one of its names, and does not prefer `identity` (RFC 9110, 12.5.3).
fn accepts_one_of(headers: &HeaderMap, names: &[&str]) -> bool {
    let (mut coded, mut other, mut identity) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    for item in values.flat_map(|value| value.split(',')) {
        let (coding, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight =
            weight.trim().to_ascii_lowercase().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        match coding.trim().to_ascii_lowercase().as_str() {
            name if names.contains(&name) => coded = weight,
            "identity" => identity = weight,
            "*" => other = weight,
            _ => {}
        }
    }
    let coded = coded.or(other).unwrap_or(0.0);
    coded > 0.0 && coded >= identity.unwrap_or(0.0)
}

/// A body that is compressed as it is polled.
struct GzipBody {
    body: BoxBody,
    /// `None` at the end.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl GzipBody {
    fn of(body: BoxBody) -> Self {
        Self { body, encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())) }
    }
}

impl MessageBody for GzipBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let this = self.get_mut();
        let mut read = 0;
        while let Some(encoder) = &mut this.encoder {
            match ready!(Pin::new(&mut this.body).poll_next(context)) {
                Some(Ok(bytes)) => {
                    encoder.write_all(&bytes)?;
                    read += bytes.len();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let rest = this.encoder.take().map_or_else(|| Ok(Vec::new()), GzEncoder::finish)?;
                    return Poll::Ready(Some(Ok(rest.into())));
                }
            }
            if encoder.get_ref().len() >= PIECE_BYTES {
                return Poll::Ready(Some(Ok(std::mem::take(encoder.get_mut()).into())));
            }
            if read >= MAX_BYTES_PER_POLL {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &str) -> bool {
        let value = HeaderValue::from_str(value).unwrap();
        accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, value)]))
    }

    #[test]
    fn gzip_is_sent_to_clients_that_accept_it() {
        for yes in ["gzip", "deflate, GZIP;q=0.5, br", "x-gzip", "*", "gzip;Q=1.0, identity", "*;q=0.1"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in
            ["", "br, deflate", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "identity, gzip;q=0.5", "gzip;q=x"]
        {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn brotli_is_sent_to_clients_that_accept_it() {
        let accepts = |value| {
            accepts_brotli(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        for yes in ["br", "gzip, deflate, br, zstd", "*", "gzip;q=1, BR;q=0.2"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "gzip, deflate", "br;q=0, *", "identity, br;q=0.5"] {
            assert!(!accepts(no), "{no}");
        }
    }
}
