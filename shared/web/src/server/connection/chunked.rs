//! The end of a chunked body (RFC 9112, 7.1).

/// The state of a chunked body, by the grammar of `actix-http`'s decoder: what that refuses is refused here, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// The first digit of a chunk's size comes next.
    SizeStart,
    /// Digits of this size have come.
    Size(u64),
    /// White space after the size.
    SizeSpace(u64),
    /// An extension after the size.
    Extension(u64),
    /// LF after the size comes next.
    SizeLf(u64),
    /// The rest of a chunk, in bytes.
    Data(u64),
    /// CR after the data comes next.
    DataCr,
    /// LF after the data comes next.
    DataLf,
    /// A line of the trailers comes next, or the empty one at the end.
    TrailerStart,
    /// A line of the trailers.
    Trailer,
    /// LF after a line of the trailers comes next.
    TrailerLf,
    /// LF of the empty line at the end comes next.
    EndLf,
    /// The body has ended.
    Complete,
    /// The next byte is not one that may follow.
    Malformed,
}

impl Chunked {
    /// How many of these bytes belong to the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if let Self::Data(left) = *self {
                let here = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                let left = left.saturating_sub(u64::try_from(here).unwrap_or(left));
                *self = if left == 0 { Self::DataCr } else { Self::Data(left) };
                rest = rest.get(here..).unwrap_or_default();
                continue;
            }
            if matches!(self, Self::Complete) {
                break;
            }
            *self = self.after(byte);
            if matches!(self, Self::Malformed) {
                break;
            }
            rest = after;
        }
        bytes.len() - rest.len()
    }

    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::SizeStart, digit) => hex(digit).map_or(Self::Malformed, Self::Size),
            (Self::Size(size) | Self::SizeSpace(size), b' ' | b'\t') => Self::SizeSpace(size),
            (Self::Size(size) | Self::SizeSpace(size), b';') => Self::Extension(size),
            (Self::Size(size) | Self::SizeSpace(size) | Self::Extension(size), b'\r') => Self::SizeLf(size),
            (Self::Size(size), digit) => {
                let larger = hex(digit).and_then(|digit| size.checked_mul(16)?.checked_add(digit));
                larger.map_or(Self::Malformed, Self::Size)
            }
            (Self::Extension(_), 0..=8 | 0x0a..=0x1f | 0x7f) => Self::Malformed,
            (Self::Extension(size), _) => Self::Extension(size),
            (Self::SizeLf(0) | Self::TrailerLf, b'\n') => Self::TrailerStart,
            (Self::SizeLf(size), b'\n') => Self::Data(size),
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::SizeStart,
            (Self::TrailerStart, b'\r') => Self::EndLf,
            (Self::Trailer, b'\r') => Self::TrailerLf,
            (Self::TrailerStart | Self::Trailer, _) => Self::Trailer,
            (Self::EndLf, b'\n') => Self::Complete,
            _ => Self::Malformed,
        }
    }
}

fn hex(digit: u8) -> Option<u64> {
    char::from(digit).to_digit(16).map(u64::from)
}
