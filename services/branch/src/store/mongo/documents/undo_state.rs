//! The state of a deletion that can be undone.

use serde::{Deserialize, Serialize};

/// The state of a deletion that can be undone. It stands beside [`BranchState`](super::branch_state::BranchState), lest an older version of
/// the program that runs beside take such a tombstone for one to sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UndoState {
    /// Deleted; what goes along is not yet.
    Deleting,
    /// Deleted, and can be restored.
    Deleted,
    /// Restored; what went along is not yet. Visible.
    Restoring,
}

impl UndoState {
    /// The name in documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Restoring => "restoring",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_that_queries_use() {
        for state in [UndoState::Deleting, UndoState::Deleted, UndoState::Restoring] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
