//! Pages of large objects, serialized before the response.

use super::Page;
use super::link::PageLinks;
use crate::body_limits::{BodyLimits, OutOfMemory, Reservation, WorkError};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The least size of a piece of a serialized page.
const MIN_PIECE_BYTES: usize = 64 << 10;

/// Why a page was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No memory is left for its texts.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// It was not serialized.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl<T: Serialize + Send + 'static> Page<T> {
    /// Serializes a page of large objects, for which `memory` holds twice the size of their texts. Each object is dropped once it is
    /// serialized, so the page is never in memory twice; a large page is serialized in a thread for blocking work.
    pub async fn write(
        self,
        limits: &BodyLimits,
        mut memory: Reservation,
    ) -> Result<WrittenPage, WriteError> {
        let Self { items, links } = self;
        let pieces = limits.run(memory.bytes(), move || write_array(items)).await??;
        let length = pieces.iter().map(Bytes::len).sum();
        // Escaped texts are longer than those that memory was reserved for.
        memory.try_grow_to(length)?;
        memory.shrink_to(length);
        Ok(WrittenPage { body: WrittenBody { pieces, _memory: memory }, links })
    }
}

fn write_array<T: Serialize>(items: Vec<T>) -> serde_json::Result<VecDeque<Bytes>> {
    let (mut pieces, mut text) = (VecDeque::new(), vec![b'[']);
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &item)?;
        if text.len() >= MIN_PIECE_BYTES {
            pieces.push_back(Bytes::copy_from_slice(&text));
            text.clear();
        }
    }
    text.push(b']');
    pieces.push_back(text.into());
    Ok(pieces)
}

/// A serialized page with its reserved memory.
pub struct WrittenPage {
    body: WrittenBody,
    links: PageLinks,
}

impl Responder for WrittenPage {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        self.links.add_to(&mut response, request);
        response.content_type(ContentType::json()).body(BoxBody::new(self.body))
    }
}

/// The body of a serialized page. Each piece is dropped once it is sent.
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
