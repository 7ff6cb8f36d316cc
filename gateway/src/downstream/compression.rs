//! Answers made smaller for who asks for it: JSON that is long and whole, so that what is worth it is known beforehand.

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

/// Shorter answers are sent as they are: what is saved is less than a packet.
const LEAST: u64 = 1024;

/// What is ready is passed on in pieces of about this size.
const PIECE: usize = 0x2000;

/// After so many bytes without a piece, which takes about a millisecond, others have their turn.
const TURN: usize = 0x4_0000;

/// Compresses an answer, where it is one that may be and the client takes it.
pub(crate) fn compress(mut answer: ServiceResponse) -> ServiceResponse {
    let is_long = matches!(answer.response().body().size(), BodySize::Sized(length) if length > LEAST);
    if !is_long || !may_compress(answer.status(), answer.headers()) {
        return answer;
    }
    answer.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    // It is sent in chunks, as its length is not known, and HTTP/1.0 knows none.
    let takes_chunks = answer.request().version() >= Version::HTTP_11;
    if !takes_chunks || !takes_gzip(answer.request().headers()) {
        return answer;
    }
    let is_head = answer.request().method() == Method::HEAD;
    mark(answer.headers_mut());
    answer.map_body(|_, body| {
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

/// Says of an answer that it is compressed: a tag of the bytes as they were is one of their meaning now.
fn mark(headers: &mut HeaderMap) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(CONTENT_LENGTH);
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| !tag.starts_with("W/"));
    if let Some(weak) = tag.and_then(|tag| HeaderValue::from_str(&format!("W/{tag}")).ok()) {
        headers.insert(ETAG, weak);
    }
}

/// Whether `Accept-Encoding` takes gzip, and likes nothing less than that better (RFC 9110, 12.5.3).
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut other, mut identity) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    for item in values.flat_map(|value| value.split(',')) {
        let (coding, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight =
            weight.trim().to_ascii_lowercase().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = weight,
            "identity" => identity = weight,
            "*" => other = weight,
            _ => {}
        }
    }
    let gzip = gzip.or(other).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// A body that is compressed while it passes.
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
            if encoder.get_ref().len() >= PIECE {
                return Poll::Ready(Some(Ok(std::mem::take(encoder.get_mut()).into())));
            }
            if read >= TURN {
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

    fn takes(value: &str) -> bool {
        let value = HeaderValue::from_str(value).unwrap();
        takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, value)]))
    }

    #[test]
    fn gzip_is_for_who_takes_it() {
        for yes in ["gzip", "deflate, GZIP;q=0.5, br", "x-gzip", "*", "gzip;Q=1.0, identity", "*;q=0.1"] {
            assert!(takes(yes), "{yes}");
        }
        for no in
            ["", "br, deflate", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "identity, gzip;q=0.5", "gzip;q=x"]
        {
            assert!(!takes(no), "{no}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
