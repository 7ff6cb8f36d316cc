//! The `Link` to the pages beside a page (RFC 8288).

use super::cursor::Cursor;
use actix_web::http::header::{HeaderName, HeaderValue, LINK};
use actix_web::{HttpRequest, HttpResponseBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// The header of the next page's cursor, which `Link` holds, too; absent on the last page.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// All but the unreserved characters (RFC 3986, 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The query of a list.
pub trait PagedQuery {
    /// The parameters but for the cursor, which the `Link` to another page repeats. They are written from their parsed values, so that
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

/// The cursors of the pages beside a page, and the query that they belong to.
#[derive(Debug)]
pub struct PageLinks {
    parameters: Parameters,
    next: Option<String>,
    previous: Option<String>,
}

impl PageLinks {
    /// The links of a page of `query`; `next` is the cursor of the page after it.
    pub fn new(query: &impl PagedQuery, next: Option<&impl Cursor>) -> Self {
        Self { parameters: query.parameters(), next: next.map(Cursor::encode), previous: None }
    }

    /// The same links, with the cursor of the page before.
    #[must_use]
    pub fn with_previous(self, previous: Option<&impl Cursor>) -> Self {
        Self { previous: previous.map(Cursor::encode), ..self }
    }

    /// Adds `Link` to a response if there is another page, and `X-Next-Cursor` if there is a next one.
    pub fn add_to(self, response: &mut HttpResponseBuilder, request: &HttpRequest) {
        let Self { parameters, next, previous } = self;
        let path = path_before_cursor(parameters, request);
        let pages = [(&next, "next"), (&previous, "prev")];
        let links = pages.into_iter().filter_map(|(cursor, relation)| {
            cursor.as_ref().map(|cursor| format!("<{path}cursor={cursor}>; rel=\"{relation}\""))
        });
        let links = HeaderValue::try_from(links.collect::<Vec<_>>().join(", ")).ok();
        let Some(links) = links.filter(|links| !links.is_empty()) else { return };
        response.insert_header((LINK, links));
        if let Some(next) = next {
            response.insert_header((NEXT_CURSOR, next));
        }
    }
}

/// The path of this request, and its parameters in the order in which they were sent, up to the cursor.
fn path_before_cursor(parameters: Parameters, request: &HttpRequest) -> String {
    let Parameters(mut parameters) = parameters;
    let sent: Vec<_> = request.query_string().split('&').map(|pair| pair.split('=').next()).collect();
    parameters
        .sort_by_key(|(name, _)| sent.iter().position(|sent| *sent == Some(name)).unwrap_or(sent.len()));
    let parameter =
        |(name, value): &(&str, String)| format!("{name}={}&", utf8_percent_encode(value, &RESERVED));
    format!("{}?{}", request.path(), parameters.iter().map(parameter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::limit::Limit;
    use super::*;
    use actix_web::HttpResponse;
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
        let links = PageLinks::new(&Query("a b&c=\"<é>"), Some(&Here(7)));
        let cursor = Here(7).encode();
        let expected =
            format!("</api/v1/list?limit=2&text=a%20b%26c%3D%22%3C%C3%A9%3E&cursor={cursor}>; rel=\"next\"");
        assert_eq!(headers(links, &request), (expected, cursor));
    }

    /// `Link` and `X-Next-Cursor` of a response, empty where they are absent.
    fn headers(links: PageLinks, request: &HttpRequest) -> (String, String) {
        let mut response = HttpResponse::Ok();
        links.add_to(&mut response, request);
        let response = response.finish();
        let header = |name| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        (header(LINK), header(NEXT_CURSOR))
    }

    #[test]
    fn one_link_leads_to_the_pages_on_both_sides() {
        let request = TestRequest::with_uri("/api/v1/list?limit=2").to_http_request();
        let links =
            |next, previous| headers(PageLinks::new(&Query("x"), next).with_previous(previous), &request);
        let link = |cursor: &Here, relation| {
            format!("</api/v1/list?limit=2&text=x&cursor={}>; rel=\"{relation}\"", cursor.encode())
        };
        let (next, previous) = (Here(7), Here(8));
        let both = format!("{}, {}", link(&next, "next"), link(&previous, "prev"));
        assert_eq!(links(Some(&next), Some(&previous)), (both, next.encode()));
        assert_eq!(links(None, Some(&previous)), (link(&previous, "prev"), String::new()));
        assert_eq!(links(None, None), Default::default());
    }
}
