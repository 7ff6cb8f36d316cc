//! Where a response's body ends (RFC 9112, 6.3), as far as hyper is laxer than a proxy may be.

use super::response_error::ResponseError;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Response, StatusCode};

/// The length that a response announces, be it one to HEAD.
///
/// hyper prefers `Transfer-Encoding` where `Content-Length` is there, too, and decodes the last of several codings. A proxy that
/// did so would read another body than the next one.
pub(super) fn announced_length<B>(response: &Response<B>) -> Result<Option<u64>, ResponseError> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(ResponseError::SwitchedProtocol);
    }
    let headers = response.headers();
    let coding = only_value(headers, &TRANSFER_ENCODING)?;
    let length = only_value(headers, &CONTENT_LENGTH)?;
    match (coding, length) {
        (None, None) => Ok(None),
        (None, Some(length)) => parse_length(length).map(Some).ok_or(ResponseError::Framing),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(None),
        (Some(_), _) => Err(ResponseError::Framing),
    }
}

/// The value of a header that may be there once.
fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, ResponseError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(ResponseError::Framing);
    }
    Ok(first.map(HeaderValue::as_bytes))
}

fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = Some(value).filter(|value| value.iter().all(u8::is_ascii_digit))?;
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(fields: &[(&str, &str)]) -> Result<Option<u64>, ()> {
        let response =
            fields.iter().fold(Response::builder(), |response, (name, value)| response.header(*name, *value));
        announced_length(&response.body(()).unwrap()).map_err(drop)
    }

    #[test]
    fn a_length_is_announced_in_one_way_at_most() {
        const LENGTH: &str = "content-length";
        const CODING: &str = "transfer-encoding";
        for (fields, expected) in [
            (&[][..], Ok(None)),
            (&[("x", "y")], Ok(None)),
            (&[(LENGTH, "5")], Ok(Some(5))),
            (&[(LENGTH, "0")], Ok(Some(0))),
            (&[(CODING, "chunked")], Ok(None)),
            (&[(CODING, "Chunked")], Ok(None)),
            (&[(LENGTH, "5"), (LENGTH, "6")], Err(())),
            (&[(LENGTH, "5"), (LENGTH, "5")], Err(())),
            (&[(LENGTH, "5, 5")], Err(())),
            (&[(LENGTH, "+5")], Err(())),
            (&[(LENGTH, "")], Err(())),
            (&[(LENGTH, "18446744073709551616")], Err(())),
            (&[(LENGTH, "5"), (CODING, "chunked")], Err(())),
            (&[(CODING, "gzip, chunked")], Err(())),
            (&[(CODING, "chunked"), (CODING, "chunked")], Err(())),
            (&[(CODING, "identity")], Err(())),
            (&[(CODING, "")], Err(())),
        ] {
            assert_eq!(announced(fields), expected, "{fields:?}");
        }
        let switched = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS).body(()).unwrap();
        assert!(matches!(announced_length(&switched), Err(ResponseError::SwitchedProtocol)));
    }
}
