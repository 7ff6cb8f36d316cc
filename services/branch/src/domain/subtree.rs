//! What lies below a branch, and what of it is alive.

use shared::ids::BranchId;
use std::collections::HashSet;

/// A branch and what it hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twig {
    /// The branch.
    pub branch: BranchId,
    /// Its parent.
    pub parent: Option<BranchId>,
}

/// The branches among `twigs` that hang below `nodes`, in the order in which they come, which must be parents first.
pub fn subtree(
    nodes: impl IntoIterator<Item = BranchId>,
    twigs: impl IntoIterator<Item = Twig>,
) -> Vec<BranchId> {
    let mut inside: HashSet<_> = nodes.into_iter().collect();
    let mut below = Vec::new();
    for twig in twigs {
        if twig.parent.is_some_and(|parent| inside.contains(&parent)) && inside.insert(twig.branch) {
            below.push(twig.branch);
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
        let twig = |branch, parent| Twig { branch, parent };
        let twigs = [
            twig(root, None),
            twig(left, Some(root)),
            twig(right, Some(root)),
            twig(leaf, Some(left)),
            twig(other, Some(right)),
        ];
        assert_eq!(subtree([left], twigs), [leaf]);
        assert_eq!(subtree([root], twigs), [left, right, leaf, other]);
        assert_eq!(subtree([leaf], twigs), []);
    }
}
