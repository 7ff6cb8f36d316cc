//! Lists in keyset pages: `limit`, an opaque `cursor`, and the next page in `Link` (RFC 8288).

use crate::body_limits::{BodyLimits, Reservation};
use crate::input::{Fields, Invalid};
use crate::problem::Problem;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::ContentType;
use actix_web::http::header::{HeaderName, HeaderValue, LINK};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::validation::{Field, Reason, TextField, Value};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use uuid::Uuid;

/// The size of a page where the client does not say.
pub const DEFAULT_LIMIT: usize = 50;
/// The size of the largest page that a client can ask for; a larger number is taken as this.
pub const MAX_LIMIT: usize = 200;

/// The cursor of the next page, beside the `Link` that holds it too; absent on the last page.
pub const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// How much of a page is written in one piece at least.
const PIECE_BYTES: usize = 64 << 10;

/// All but the unreserved characters (RFC 3986, 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The `limit` of a list: from 1 to [`MAX_LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    /// The number of objects on a page.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Field for Limit {
    fn parse(value: Value<'_>) -> Result<Self, Reason> {
        let text = value.string()?;
        let too_small = || Reason::new("greater_than_equal", "Input should be greater than or equal to 1");
        let no_integer = || {
            Reason::new(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            )
        };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(&text)),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(no_integer());
        }
        // What does not fit is larger than any limit.
        let number = digits.parse().unwrap_or(usize::MAX);
        if negative || number == 0 { Err(too_small()) } else { Ok(Self(number.min(MAX_LIMIT))) }
    }
}

/// Where a page begins. Clients see a text that they only hand back; it gives no access to anything.
pub trait Cursor: Serialize + DeserializeOwned {
    /// Tells the lists apart, so that the cursor of one is refused by another.
    const KIND: &'static str;

    /// The text that clients see.
    fn encode(&self) -> String {
        let json = serde_json::to_vec(&(Self::KIND, self)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Reads the text that a client has handed back.
    fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, cursor): (String, Self) = serde_json::from_slice(&json).ok()?;
        (kind == Self::KIND).then_some(cursor)
    }
}

/// Reads the parameter `cursor` of a list: `None` is the first page, and so is an empty one, which generated clients send for a
/// parameter that is not set; a bad one is a 422.
pub fn cursor<C: Cursor>(fields: &mut Fields<'_>) -> Result<Option<C>, Invalid> {
    Ok(fields.optional::<CursorField<C>>("cursor")?.and_then(|CursorField(cursor)| cursor))
}

struct CursorField<C>(Option<C>);

impl<C: Cursor> TextField for CursorField<C> {
    fn parse(text: String) -> Result<Self, Reason> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        C::decode(&text).map(|cursor| Self(Some(cursor))).ok_or_else(foreign_cursor)
    }
}

/// Why a cursor is refused: it is no text of ours, or of another list.
pub fn foreign_cursor() -> Reason {
    Reason::value_error("the cursor is not one of this list")
}

/// The query of a list.
pub trait PagedQuery {
    /// The parameters that were sent, but for the cursor: what the `Link` to the next page repeats. They are written anew from
    /// their values, so that the length of a `Link` is bounded whatever the query holds.
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
    /// That of the list which `query` has asked for, from `cursor` on.
    pub fn of(query: &impl PagedQuery, cursor: &impl Cursor) -> Self {
        Self { parameters: query.parameters(), cursor: cursor.encode() }
    }

    /// Says in an answer where the page begins: in `Link`, and the cursor alone in `X-Next-Cursor`.
    pub fn point_to(self, response: &mut HttpResponseBuilder, request: &HttpRequest) {
        let cursor = self.cursor.clone();
        if let Some(link) = self.link(request) {
            response.insert_header((LINK, link)).insert_header((NEXT_CURSOR, cursor));
        }
    }

    /// The `Link` to it (RFC 8288): the path of this request, and its parameters in the order in which they were sent.
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

/// The place of an object in a list that is ordered by time: newest first is by (`created_at`, id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeKey {
    /// When the object was made.
    pub created_at: Timestamp,
    /// Its id, among those of the same time.
    pub id: Uuid,
}

/// A page of a list: the plain array in the body, the next page in `Link`.
#[derive(Debug)]
pub struct Page<T> {
    items: Vec<T>,
    next: Option<NextPage>,
}

impl<T> Page<T> {
    /// A page of these objects, as `query` has asked for it; `next` is where the page after it begins.
    pub fn new<C: Cursor>(query: &impl PagedQuery, items: Vec<T>, next: Option<&C>) -> Self {
        Self { items, next: next.map(|cursor| NextPage::of(query, cursor)) }
    }

    /// A page of at most `limit` of `rows`, which hold one more where there are more.
    pub fn of_rows<C: Cursor>(
        query: &impl PagedQuery,
        mut rows: Vec<T>,
        limit: usize,
        cursor_of: impl FnOnce(&T) -> C,
    ) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor_of);
        Self::new(query, rows, next.as_ref())
    }

    /// The same page with another view of its objects.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(view).collect(), next: self.next }
    }
}

impl<T: Serialize> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = self.next {
            next.point_to(&mut response, request);
        }
        response.json(self.items)
    }
}

impl<T: Serialize + Send + 'static> Page<T> {
    /// Writes a page of large objects, for which `memory` has twice what their texts take. Each object is dropped when it is
    /// written, so that the page is never held twice; a large page is written in a thread for blocking work.
    pub async fn write(self, limits: &BodyLimits, mut memory: Reservation) -> Result<WrittenPage, Problem> {
        let Self { items, next } = self;
        let pieces =
            limits.run(memory.bytes(), move || write_array(items)).await?.map_err(Problem::internal)?;
        let length = pieces.iter().map(Bytes::len).sum();
        // What is escaped is longer than the text that it was reserved for.
        memory.try_grow_to(length)?;
        memory.shrink_to(length);
        Ok(WrittenPage { body: WrittenBody { pieces, _memory: memory }, next })
    }
}

fn write_array<T: Serialize>(items: Vec<T>) -> serde_json::Result<VecDeque<Bytes>> {
    let (mut pieces, mut text) = (VecDeque::new(), vec![b'[']);
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &item)?;
        if text.len() >= PIECE_BYTES {
            pieces.push_back(Bytes::copy_from_slice(&text));
            text.clear();
        }
    }
    text.push(b']');
    pieces.push_back(text.into());
    Ok(pieces)
}

/// A page that is written, with the memory that it takes.
pub struct WrittenPage {
    body: WrittenBody,
    next: Option<NextPage>,
}

impl Responder for WrittenPage {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = self.next {
            next.point_to(&mut response, request);
        }
        response.content_type(ContentType::json()).body(BoxBody::new(self.body))
    }
}

/// Each piece is dropped when it is sent.
struct WrittenBody {
    pieces: VecDeque<Bytes>,
    _memory: Reservation,
}

impl MessageBody for WrittenBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        let length = self.pieces.iter().map(Bytes::len).sum::<usize>();
        BodySize::Sized(u64::try_from(length).unwrap_or(u64::MAX))
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.get_mut().pieces.pop_front().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Here(u8);
    impl Cursor for Here {
        const KIND: &'static str = "here";
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct There(u8);
    impl Cursor for There {
        const KIND: &'static str = "there";
    }

    #[test]
    fn a_limit_is_coerced_from_above_and_refused_from_below() {
        let limit = |text: &str| Limit::parse(Value::Text(text)).map(Limit::get).ok();
        assert_eq!(limit("1"), Some(1));
        assert_eq!(limit("200"), Some(200));
        assert_eq!(limit("201"), Some(200));
        assert_eq!(limit("99999999999999999999999999"), Some(200));
        for wrong in ["0", "-1", "-99999999999999999999999", "", "ten", "1.0", "1e2", " 1", "+"] {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        assert_eq!(Here::decode(&Here(7).encode()), Some(Here(7)));
        assert_eq!(There::decode(&Here(7).encode()), None);
        for wrong in ["", "x", "!!", "bm8"] {
            assert_eq!(Here::decode(wrong), None, "{wrong}");
        }
    }

    struct Query(&'static str);
    impl PagedQuery for Query {
        fn parameters(&self) -> Parameters {
            Parameters::default()
                .with("text", Some(self.0))
                .with("limit", Some(Limit(2)))
                .with("not", None::<bool>)
        }
    }

    #[test]
    fn a_link_repeats_the_parameters_of_the_list_and_nothing_else() {
        let uri = format!("/api/v1/list?cursor=old&x={}&limit={:0>9000}", "y".repeat(50_000), 2);
        let request = TestRequest::with_uri(&uri).to_http_request();
        let link = NextPage::of(&Query("a b&c=\"<é>"), &Here(7)).link(&request).unwrap();
        let cursor = Here(7).encode();
        let expected =
            format!("</api/v1/list?limit=2&text=a%20b%26c%3D%22%3C%C3%A9%3E&cursor={cursor}>; rel=\"next\"");
        assert_eq!(link, expected);
    }
}
