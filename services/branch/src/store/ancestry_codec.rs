//! The binary codec of an ancestry, the same on every engine.
//!
//! It is compact: PostgreSQL would move a row of more than 2 KB out of its page (TOAST). A version byte is followed by the
//! branch itself, the skip pointer and the window. A segment begins where the one before it ends, so that only its end is
//! written. Numbers are unsigned LEB128. In version 2 each segment is followed by the id of its message, or by a zero.

use crate::domain::{Ancestry, Segment, Skip};
use shared::ids::{BranchId, ResponseId};
use uuid::Uuid;

const VERSION: u8 = 1;
const VERSION_WITH_MESSAGES: u8 = 2;

/// Encodes an ancestry.
pub(super) fn encode(ancestry: &Ancestry) -> Vec<u8> {
    let with_messages = ancestry.window.iter().any(|segment| segment.only_message.is_some());
    let version = if with_messages { VERSION_WITH_MESSAGES } else { VERSION };
    let mut bytes = vec![version, u8::from(ancestry.skip.is_some())];
    put_id(&mut bytes, ancestry.branch);
    put(&mut bytes, ancestry.level);
    put(&mut bytes, ancestry.fork_depth);
    if let Some(skip) = ancestry.skip {
        put_id(&mut bytes, skip.branch);
        put(&mut bytes, skip.level);
        put(&mut bytes, skip.fork_depth);
    }
    if let Some(oldest) = ancestry.window.last() {
        put(&mut bytes, oldest.from);
    }
    for segment in &ancestry.window {
        put_id(&mut bytes, segment.branch);
        put(&mut bytes, segment.to);
        if with_messages {
            put_message(&mut bytes, segment.only_message);
        }
    }
    bytes
}

/// Decodes what [`encode`] has written. `None` for malformed bytes.
pub(super) fn decode(bytes: &[u8]) -> Option<Ancestry> {
    let (&[version, has_skip], mut rest) = bytes.split_first_chunk()?;
    let with_messages = match version {
        VERSION => false,
        VERSION_WITH_MESSAGES => true,
        _ => return None,
    };
    let rest = &mut rest;
    let (branch, level, fork_depth) = (take_id(rest)?, take(rest)?, take(rest)?);
    let skip = match has_skip {
        0 => None,
        _ => Some(Skip { branch: take_id(rest)?, level: take(rest)?, fork_depth: take(rest)? }),
    };
    let mut window = Vec::new();
    if !rest.is_empty() {
        let oldest = take(rest)?;
        while !rest.is_empty() {
            let segment = Segment::of(take_id(rest)?, oldest, take(rest)?);
            let only_message = if with_messages { take_message(rest).ok()? } else { None };
            window.push(Segment { only_message, ..segment });
        }
    }
    let ends: Vec<_> = window.iter().skip(1).map(|older| older.to).collect();
    for (segment, end) in window.iter_mut().zip(ends) {
        segment.from = end + 1;
    }
    Some(Ancestry { branch, level, fork_depth, window, skip })
}

fn put_id(bytes: &mut Vec<u8>, id: BranchId) {
    bytes.extend(id.as_uuid().as_bytes());
}

fn take_id<T: From<Uuid>>(rest: &mut &[u8]) -> Option<T> {
    let (id, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(Uuid::from_bytes(*id).into())
}

fn put_message(bytes: &mut Vec<u8>, message: Option<ResponseId>) {
    bytes.push(u8::from(message.is_some()));
    bytes.extend(message.iter().flat_map(|id| *id.as_uuid().as_bytes()));
}

/// The id of a message, if one was written. `Err` for malformed bytes.
fn take_message(rest: &mut &[u8]) -> Result<Option<ResponseId>, ()> {
    let (is_there, after) = rest.split_first().ok_or(())?;
    *rest = after;
    match is_there {
        0 => Ok(None),
        _ => take_id(rest).map(Some).ok_or(()),
    }
}

fn put(bytes: &mut Vec<u8>, number: i64) {
    let mut left = number.unsigned_abs();
    while left > 0x7F {
        let [low, ..] = left.to_le_bytes();
        bytes.push(low | 0x80);
        left >>= 7;
    }
    let [last, ..] = left.to_le_bytes();
    bytes.push(last);
}

fn take(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return i64::try_from(number).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MAX_WINDOW_SEGMENTS;

    #[test]
    fn an_encoded_ancestry_decodes_to_itself() {
        let mut ancestry = Ancestry::trunk(BranchId::generate());
        for fork in 0..200 {
            assert_eq!(decode(&encode(&ancestry)), Some(ancestry.clone()));
            // The first fork is one before the first message.
            ancestry = ancestry.child(BranchId::generate(), fork * fork * 100_000, None);
        }
        assert_eq!(ancestry.window.len(), MAX_WINDOW_SEGMENTS);
        assert!(encode(&ancestry).len() < 1_500);
    }

    #[test]
    fn ids_of_messages_are_decoded_where_they_were_encoded() {
        let mut ancestry = Ancestry::trunk(BranchId::generate());
        for depth in [1, 2, 4, 5, 5, 6] {
            let message = (depth != 6).then(ResponseId::generate);
            let before = ancestry.fork_depth;
            ancestry = ancestry.child(BranchId::generate(), depth, None).with_fork_message(message);
            let known = ancestry.window.first().and_then(|parent| parent.only_message);
            assert_eq!(known, message.filter(|_| depth == before + 1));
            assert_eq!(decode(&encode(&ancestry)), Some(ancestry.clone()));
        }
    }

    #[test]
    fn every_number_decodes_to_itself() {
        for number in [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, i64::from(u32::MAX), i64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(take(&mut bytes.as_slice()), Some(number));
        }
        assert_eq!(take(&mut [0x80; 12].as_slice()), None);
    }

    #[test]
    fn malformed_bytes_are_refused() {
        let trunk = Ancestry::trunk(BranchId::generate());
        let bytes = encode(&trunk.child(BranchId::generate(), 7, None));
        for wrong in [&[], &bytes[..1], &bytes[..bytes.len() - 1], &[3; 34], &[2, 0], &[1, 1, 0]] {
            assert_eq!(decode(wrong), None);
        }
    }
}
