//! Keyset pagination: `limit`, an opaque `cursor`, and the pages beside a page in `Link` (RFC 8288).

mod cursor;
mod limit;
mod link;
mod written;

pub use cursor::{Cursor, TimeKey, cursor, foreign_cursor};
pub use limit::Limit;
pub use link::{PageLinks, PagedQuery, Parameters};
pub use written::{WriteError, WrittenPage};

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

/// A page of a list: the plain array in the body, the pages beside it in `Link`.
#[derive(Debug)]
pub struct Page<T> {
    items: Vec<T>,
    links: PageLinks,
}

impl<T> Page<T> {
    /// A page of these objects for `query`; `next` is the cursor of the page after it.
    pub fn new<C: Cursor>(query: &impl PagedQuery, items: Vec<T>, next: Option<&C>) -> Self {
        Self { items, links: PageLinks::new(query, next) }
    }

    /// The same page of a list that is read in both directions; `previous` is the cursor of the page before it.
    #[must_use]
    pub fn with_previous(self, previous: Option<&impl Cursor>) -> Self {
        Self { links: self.links.with_previous(previous), ..self }
    }

    /// A page of the first `limit` of `rows`, which have one more if there is a next page.
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

    /// Converts the objects.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(view).collect(), links: self.links }
    }
}

impl<T: Serialize> Responder for Page<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        self.links.add_to(&mut response, request);
        response.json(self.items)
    }
}
