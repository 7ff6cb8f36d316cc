//! The descendants of branches.

use shared::ids::BranchId;
use std::collections::HashSet;

/// A branch and its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BranchLink {
    /// The branch.
    pub branch: BranchId,
    /// Its parent.
    pub parent: Option<BranchId>,
}

/// The descendants of `nodes` among `links`, in the order of these, which must be parents first.
pub fn subtree(
    nodes: impl IntoIterator<Item = BranchId>,
    links: impl IntoIterator<Item = BranchLink>,
) -> Vec<BranchId> {
    let mut inside: HashSet<_> = nodes.into_iter().collect();
    let mut below = Vec::new();
    for link in links {
        if link.parent.is_some_and(|parent| inside.contains(&parent)) && inside.insert(link.branch) {
            below.push(link.branch);
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subtree_has_the_descendants_and_no_other() {
        let [root, left, right, leaf, other] = std::array::from_fn(|_| BranchId::generate());
        let link = |branch, parent| BranchLink { branch, parent };
        let links = [
            link(root, None),
            link(left, Some(root)),
            link(right, Some(root)),
            link(leaf, Some(left)),
            link(other, Some(right)),
        ];
        assert_eq!(subtree([left], links), [leaf]);
        assert_eq!(subtree([root], links), [left, right, leaf, other]);
        assert_eq!(subtree([leaf], links), []);
    }
}
