//! The normal form of a path, in which it is routed, proxied and logged (RFC 3986, 6.2.2).
//!
//! A path in another form is refused. So a router that compares bytes, as the gateway's, and one that decodes first, as that of a
//! service, match the same route.

use crate::problem::Problem;
use actix_web::dev::ServiceRequest;
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode, Uri};
use std::borrow::Cow;

/// Removes one slash from the end of the path, and refuses a path that is not normal. The query stays byte for byte.
pub(super) fn normalise(request: &mut ServiceRequest) -> Result<(), Problem> {
    let path = request.uri().path();
    let is_whole_server = path == "*" && request.method() == Method::OPTIONS;
    if !is_normal(path) && !is_whole_server {
        return Err(invalid_path());
    }
    let trimmed = path.strip_suffix('/').filter(|path| !path.is_empty());
    if let Some(path) = trimmed {
        let uri = with_path(request.uri(), path).ok_or_else(invalid_path)?;
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    Ok(())
}

/// 400, for a path that is not in its normal form.
pub fn invalid_path() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_path", "The path is not in its normal form")
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let target = uri.query().map_or(Cow::Borrowed(path), |query| format!("{path}?{query}").into());
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target.as_ref()).ok()?);
    Uri::from_parts(parts).ok()
}

fn is_normal(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    let mut segments = segments.as_bytes().split(|&byte| byte == b'/');
    path == "/" || (segments.all(is_plain) && is_well_encoded(path.as_bytes()))
}

/// Whether a segment is not empty and is no dot segment, with or without parameters, which some software removes first.
fn is_plain(segment: &[u8]) -> bool {
    !matches!(segment, [] | [b'.'] | [b'.', b'.'] | [b'.', b';', ..] | [b'.', b'.', b';', ..])
}

fn is_well_encoded(mut path: &[u8]) -> bool {
    while let [byte, rest @ ..] = path {
        path = match (byte, rest) {
            (b'%', [high, low, rest @ ..]) if is_encodable([*high, *low]) => rest,
            (b'%' | b'\\', _) => return false,
            (byte, rest) if byte.is_ascii_graphic() => rest,
            _ => return false,
        };
    }
    true
}

/// Whether these are two hex digits of a byte that may be percent-encoded: no unreserved character (RFC 3986, 2.3 and 6.2.2.2), no
/// separator, and not NUL.
fn is_encodable(digits: [u8; 2]) -> bool {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    let byte = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
    byte.is_some_and(|byte| !is_unreserved(byte) && !matches!(byte, 0 | b'/' | b'\\'))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_accepted_in_its_normal_form_alone() {
        for path in [
            "/",
            "/a",
            "/a/",
            "/a.b/...",
            "/a%20%C3%A4/%252e",
            "/%40%3a%2B%7c",
            "/a;b=.",
            "/{a}|^`\"'!$&()*+,=:@~",
        ] {
            assert!(is_normal(path), "{path}");
        }
        for path in [
            "",
            "*",
            "a",
            "//",
            "/a//",
            "//a",
            "/a//b",
            "/.",
            "/..",
            "/../",
            "/a/./b",
            "/a/..;x/b",
            "/%2e",
            "/a%2Eb",
            "/a%2fb",
            "/a%2F",
            "/a%5cb",
            "/a\\b",
            "/%00",
            "/%",
            "/%2",
            "/%zz",
            "/%+1",
            "/a%",
            "/log%69n",
            "/m%65",
            "/%7a",
            "/%5A",
            "/%30",
            "/change%2dpassword",
            "/a%5Fb",
            "/%7e",
            "/ä",
            "/a\u{7f}",
        ] {
            assert!(!is_normal(path), "{path}");
        }
    }
}
