//! Documents, and what they are to the rest of the service.

mod branch;
mod message;

pub(super) use branch::{BranchDoc, State};
pub(super) use message::MessageDoc;

use super::fields::text;
use mongodb::bson::Binary;
use mongodb::bson::spec::BinarySubtype;
use serde::Deserialize;

/// What `_id` alone tells.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Id<T: From<uuid::Uuid>> {
    #[serde(rename = "_id", with = "text", bound(deserialize = "T: From<uuid::Uuid>"))]
    pub(super) id: T,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}
