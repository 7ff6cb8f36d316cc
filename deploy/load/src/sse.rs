//! The blocks of a stream of server-sent events.

/// Takes the first whole block out of bytes that have come; `None` if there is none yet.
pub(crate) fn take_block(unread: &mut Vec<u8>) -> Option<String> {
    let end = unread.windows(2).position(|bytes| bytes == b"\n\n")?;
    let block: Vec<u8> = unread.drain(..end + 2).collect();
    Some(String::from_utf8_lossy(&block).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_taken_once_it_is_whole() {
        let mut unread = b":\n\ndata: a\n\ndata".to_vec();
        assert_eq!(take_block(&mut unread).as_deref(), Some(":\n\n"));
        assert_eq!(take_block(&mut unread).as_deref(), Some("data: a\n\n"));
        assert_eq!((take_block(&mut unread), unread.as_slice()), (None, b"data".as_slice()));
    }
}
