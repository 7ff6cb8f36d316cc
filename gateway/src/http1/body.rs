//! The body of an answer: where it ends (RFC 9112, 6.3).

use super::chunks::Chunks;
use super::error::broken;
use super::field::Field;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, BytesMut};
use std::io;

/// What of a body is still to come.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes.
    Known(u64),
    /// Chunks.
    Chunked(Chunks),
    /// All up to the end of the connection.
    UntilClose,
}

/// What a body is delimited by.
#[derive(Debug, Default)]
struct Announced {
    length: Option<u64>,
    is_chunked: bool,
}

impl Body {
    /// Nothing.
    pub(super) const NONE: Self = Self::Known(0);

    /// The body that follows the head of an answer, and the length that it announces.
    pub(super) fn announced(
        status: StatusCode,
        is_http10: bool,
        to_head: bool,
        fields: &[Field<'_>],
    ) -> io::Result<(Self, Option<u64>)> {
        let announced = Announced::by(fields)?;
        if announced.is_chunked && (announced.length.is_some() || is_http10) {
            return Err(broken("the length of the answer is announced in two ways"));
        }
        let has_none = to_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = match (has_none, announced.length) {
            (true, _) => Self::NONE,
            (false, Some(length)) => Self::Known(length),
            (false, None) if announced.is_chunked => Self::Chunked(Chunks::Size),
            (false, None) => Self::UntilClose,
        };
        Ok((body, announced.length))
    }

    /// Whether all of it has come.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Known(0) | Self::Chunked(Chunks::Done))
    }

    /// The next piece, as far as it has come.
    pub(super) fn next_piece(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        match self {
            Self::Chunked(chunks) => chunks.next_piece(input),
            Self::Known(left) => {
                let here = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left = left.saturating_sub(u64::try_from(here).unwrap_or(*left));
                Ok((here > 0).then(|| input.split_to(here).freeze()))
            }
            Self::UntilClose => Ok((!input.is_empty()).then(|| input.split().freeze())),
        }
    }

    /// The connection has ended, which only some bodies say their end by.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if !matches!(self, Self::UntilClose) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer ended too early"));
        }
        *self = Self::NONE;
        Ok(())
    }
}

impl Announced {
    fn by(fields: &[Field<'_>]) -> io::Result<Self> {
        let mut announced = Self::default();
        for field in fields {
            if field.name.eq_ignore_ascii_case("content-length") {
                let twice = announced.length.replace(length(field.value)?).is_some();
                if twice {
                    return Err(broken("the answer has two lengths"));
                }
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                // Other codings are none of what the request says to take, and chunked is there once.
                if announced.is_chunked || !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(broken("the transfer coding of the answer is not known"));
                }
                announced.is_chunked = true;
            }
        }
        Ok(announced)
    }
}

fn length(value: &[u8]) -> io::Result<u64> {
    let digits = Some(value).filter(|value| value.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    length.ok_or_else(|| broken("the length of the answer is no number"))
}
