//! The `Link` to the next page (RFC 8288).

use super::cursor::Cursor;
use actix_web::http::header::{HeaderName, HeaderValue, LINK};
use actix_web::{HttpRequest, HttpResponseBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::{self, Write as _};

/// The header of the next page's cursor, which `Link` holds, too; absent on the last page.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// All but the unreserved characters (RFC 3986, 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The query of a list.
pub trait PagedQuery {
    /// The parameters but for the cursor, which the `Link` to the next page repeats. They are written from their parsed values, so that
    /// the length of a `Link` is bounded.
    fn parameters(&self) -> Parameters;
}

/// Parameters of a query, for a `Link`.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Adds a parameter, if it has a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }
}

/// The query of the next page.
#[derive(Debug)]
pub struct NextPage {
    parameters: Parameters,
    cursor: String,
}

impl NextPage {
    /// The query of the page that begins at `cursor`.
    pub fn of(query: &impl PagedQuery, cursor: &impl Cursor) -> Self {
        Self { parameters: query.parameters(), cursor: cursor.encode() }
    }

    /// Adds `Link` and `X-Next-Cursor` to a response.
    pub fn point_to(self, response: &mut HttpResponseBuilder, request: &HttpRequest) {
        let cursor = self.cursor.clone();
        if let Some(link) = self.link(request) {
            response.insert_header((LINK, link)).insert_header((NEXT_CURSOR, cursor));
        }
    }

    /// The `Link`: the path of this request, and its parameters in the order in which they were sent.
    fn link(self, request: &HttpRequest) -> Option<HeaderValue> {
        let Self { parameters: Parameters(mut parameters), cursor } = self;
        let sent: Vec<_> = request.query_string().split('&').map(|pair| pair.split('=').next()).collect();
        parameters
            .sort_by_key(|(name, _)| sent.iter().position(|sent| *sent == Some(name)).unwrap_or(sent.len()));
        let mut link = format!("<{}?", request.path());
        for (name, value) in &parameters {
            write!(link, "{name}={}&", utf8_percent_encode(value, &RESERVED)).ok()?;
        }
        write!(link, "cursor={cursor}>; rel=\"next\"").ok()?;
        HeaderValue::try_from(link).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::limit::Limit;
    use super::*;
    use actix_web::test::TestRequest;
    use serde::{Deserialize, Serialize};
    use shared::validation::{Field as _, Value};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Here(u8);
    impl Cursor for Here {
        const KIND: &'static str = "here";
    }

    struct Query(&'static str);
    impl PagedQuery for Query {
        fn parameters(&self) -> Parameters {
            Parameters::default()
                .with("text", Some(self.0))
                .with("limit", <Limit>::parse(Value::Text("2")).ok())
                .with("not", None::<bool>)
        }
    }

    #[test]
    fn a_link_repeats_the_known_parameters_and_nothing_else() {
        let uri = format!("/api/v1/list?cursor=old&x={}&limit={:0>9000}", "y".repeat(50_000), 2);
        let request = TestRequest::with_uri(&uri).to_http_request();
        let link = NextPage::of(&Query("a b&c=\"<é>"), &Here(7)).link(&request).unwrap();
        let cursor = Here(7).encode();
        let expected =
            format!("</api/v1/list?limit=2&text=a%20b%26c%3D%22%3C%C3%A9%3E&cursor={cursor}>; rel=\"next\"");
        assert_eq!(link, expected);
    }
}
