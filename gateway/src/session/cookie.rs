//! The cookie that holds a refresh token (RFC 6265).

use super::SessionSettings;
use crate::downstream::server_url::is_secure;
use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderValue, InvalidHeaderValue};

/// The name behind TLS. A browser takes a cookie with this prefix from this host alone, with `Secure` and `Path=/`.
const SECURE_NAME: &str = "__Host-banyan";
/// The name on plain HTTP, where a browser takes no cookie with `Secure`.
const PLAIN_NAME: &str = "banyan";

/// The session's cookie, in the form that fits the scheme by which the client sees the gateway. One in the other form is ignored: on plain
/// HTTP, anyone on the way could have set it.
pub(crate) struct SessionCookie {
    is_secure: bool,
    max_age_seconds: u64,
}

impl SessionCookie {
    /// The cookie of this client.
    pub(crate) fn of(request: &HttpRequest, settings: &SessionSettings) -> Self {
        let is_secure = is_secure(request, &settings.trusted_proxies);
        Self { is_secure, max_age_seconds: settings.cookie_max_age.as_secs() }
    }

    /// The refresh token that a request has; `None` without one.
    pub(crate) fn token(&self, request: &HttpRequest) -> Option<String> {
        let values = request.headers().get_all(COOKIE).map(HeaderValue::as_bytes);
        let mut pairs = values.flat_map(|value| value.split(|&byte| byte == b';')).map(<[u8]>::trim_ascii);
        let value = pairs.find_map(|pair| pair.strip_prefix(self.name().as_bytes())?.strip_prefix(b"="))?;
        let token = std::str::from_utf8(value).ok()?;
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// `Set-Cookie` with a token.
    pub(crate) fn set(&self, token: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        self.header(token, self.max_age_seconds)
    }

    /// `Set-Cookie` that removes it.
    pub(crate) fn clear(&self) -> Result<HeaderValue, InvalidHeaderValue> {
        self.header("", 0)
    }

    fn header(&self, value: &str, max_age_seconds: u64) -> Result<HeaderValue, InvalidHeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let name = self.name();
        HeaderValue::from_str(&format!(
            "{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}"
        ))
    }

    fn name(&self) -> &'static str {
        if self.is_secure { SECURE_NAME } else { PLAIN_NAME }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn token(is_secure: bool, headers: &[&'static [u8]]) -> Option<String> {
        let mut request = TestRequest::default();
        for value in headers {
            request = request.append_header((COOKIE, HeaderValue::from_bytes(value).unwrap()));
        }
        SessionCookie { is_secure, max_age_seconds: 1 }.token(&request.to_http_request())
    }

    #[test]
    fn the_token_is_read_from_the_cookie_whose_name_fits_the_scheme() {
        let both: &[&[u8]] = &[b"a=\xff; banyan=plain", b"x; __Host-banyan=secure; banyan=later"];
        assert_eq!(token(false, both).unwrap(), "plain");
        assert_eq!(token(true, both).unwrap(), "secure");
        assert_eq!(token(true, &[b"banyan=plain"]), None);
        assert_eq!(token(false, &[b"__Host-banyan=secure"]), None);
        for none in [&b"banyan="[..], b"banyan", b"banyanx=1", b"xbanyan=1", b"banyan =1", b"banyan=\xff"] {
            assert_eq!(token(false, &[none]), None, "{none:?}");
        }
    }
}
