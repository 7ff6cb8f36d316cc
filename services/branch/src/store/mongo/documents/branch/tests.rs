use super::*;
use crate::store::NewTrunk;
use mongodb::bson::{Bson, deserialize_from_document, serialize_to_document};

#[test]
fn ids_are_strings_and_times_are_integers() {
    let created_at = Timestamp::from_micros(1_700_000_000_123_456).unwrap();
    let new = NewTrunk { chat: ChatId::generate(), owner: UserId::generate(), created_at };
    let document = serialize_to_document(&BranchDoc::trunk(new)).unwrap();
    assert_eq!(document.get("_id"), Some(&Bson::String(new.chat.to_string())));
    assert_eq!(document.get("owner"), Some(&Bson::String(new.owner.to_string())));
    assert_eq!(document.get("created_at"), Some(&Bson::Int64(1_700_000_000_123_456)));
    assert_eq!(document.get("head_depth"), Some(&Bson::Int64(0)));
    assert!(!document.contains_key("parent") && !document.contains_key("state"));
    let read: BranchDoc = deserialize_from_document(document).unwrap();
    assert_eq!((read.created_at, read.active), (created_at, Some(new.chat.trunk())));
    assert_eq!(read.ancestry().unwrap(), Ancestry::trunk(new.chat.trunk()));
}
