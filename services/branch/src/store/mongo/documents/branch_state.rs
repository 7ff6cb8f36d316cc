//! The state of a branch.

use serde::{Deserialize, Serialize};

/// The operation that is under way with a branch, or the stage of its deletion; none for a branch at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BranchState {
    /// Inserted; its parent may have been deleted meanwhile. Visible.
    Forking,
    /// Will be deleted if nothing forks from it. Visible.
    Checking,
    /// Deleted; its children and messages are not yet. Stored as `final`.
    #[serde(rename = "final")]
    Tombstone,
    /// Its messages are deleted; a second pass deletes what raced with the first. Stored as `cleared`.
    #[serde(rename = "cleared")]
    FirstPassDone,
    /// Only the id and the idempotency keys of its messages are left. Stored as `swept`.
    #[serde(rename = "swept")]
    SecondPassDone,
}

impl BranchState {
    /// The name in documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Forking => "forking",
            Self::Checking => "checking",
            Self::Tombstone => "final",
            Self::FirstPassDone => "cleared",
            Self::SecondPassDone => "swept",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_that_queries_use() {
        for state in [
            BranchState::Forking,
            BranchState::Checking,
            BranchState::Tombstone,
            BranchState::FirstPassDone,
            BranchState::SecondPassDone,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
