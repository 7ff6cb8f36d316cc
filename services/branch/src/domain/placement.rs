//! Where the answer of a model goes.

use shared::ids::{BranchId, ResponseId};
use shared::validation::{Reason, TextField};
use uuid::{Builder, Uuid};

/// The choice for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Placement {
    /// It goes after the head if that is its parent, else to a new branch at its parent.
    Append,
    /// It goes to a new branch at its parent.
    Fork,
}

impl TextField for Placement {
    fn parse(text: String) -> Result<Self, Reason> {
        match text.as_str() {
            "append" => Ok(Self::Append),
            "fork" => Ok(Self::Fork),
            _ => Err(Reason::new("enum", "Input should be 'append' or 'fork'")),
        }
    }
}

/// The namespace of the ids of branches that begin with an answer.
const NAMESPACE: Uuid = Uuid::from_u128(0x2b8f_64d1_70c3_4e95_9a1e_d3b5_c864_0f27);

/// The id of the branch that a message with this id begins: always the same.
pub fn branch_of(first: ResponseId) -> BranchId {
    derived(first.as_uuid())
}

/// The id that takes its place if that cannot be used any more.
pub fn branch_instead_of(branch: BranchId) -> BranchId {
    derived(branch.as_uuid())
}

/// UUID version 8 (RFC 9562, 5.8) of a hash.
fn derived(id: Uuid) -> BranchId {
    let hash = Uuid::new_v5(&NAMESPACE, id.as_bytes());
    BranchId::from(Builder::from_custom_bytes(hash.into_bytes()).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_derived_from_the_message() {
        let message = ResponseId::generate();
        let branch = branch_of(message);
        assert_eq!(branch, branch_of(message));
        assert_eq!(branch.as_uuid().get_version_num(), 8);
        assert_ne!(branch, branch_of(ResponseId::generate()));
        assert_ne!(branch, branch_instead_of(branch));
    }
}
