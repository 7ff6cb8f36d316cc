//! Lines of a head.

/// A line of a head: its name as it came, and its value without the blanks around it.
pub(crate) type Field<'a> = httparse::Header<'a>;

/// Writes a header, whose name and value hold no line's end.
pub(crate) fn write_line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}
