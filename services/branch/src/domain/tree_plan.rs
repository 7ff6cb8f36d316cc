//! The segments of a page of all messages of a chat, branch by branch.

use super::ancestry::Segment;
use super::branch::BranchKey;
use serde::{Deserialize, Serialize};
use shared::ids::ResponseId;

/// A position among all messages of a chat: those of the branches before this one lie before it, and those of this one up to a depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreePosition {
    /// The key of the branch.
    pub branch: BranchKey,
    /// The depth.
    pub depth: i64,
}

/// The part of a branch that a plan needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedBranch {
    /// Its key.
    pub key: BranchKey,
    /// The depth of the message that it forked from.
    pub fork_depth: i64,
    /// The depth of its head.
    pub head_depth: i64,
    /// The head of its line.
    pub head: Option<ResponseId>,
}

impl ScannedBranch {
    /// The messages of its own that come after a position.
    fn segment_after(&self, after: Option<TreePosition>) -> Segment {
        let passed = after.filter(|after| after.branch == self.key).map_or(0, |after| after.depth);
        let from = passed.max(self.fork_depth) + 1;
        let is_only = self.head_depth == self.fork_depth + 1;
        let only_message = self.head.filter(|_| is_only);
        Segment { only_message, ..Segment::of(self.key.id, from, self.head_depth) }
    }
}

/// The segments of a page, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreePlan {
    /// Each within one branch.
    pub segments: Vec<Segment>,
    /// The position after which the next page begins; none at the end.
    pub next: Option<TreePosition>,
}

impl TreePlan {
    /// Plans a page of at most `limit` messages after a position, of branches that were scanned from there on. It is short where these
    /// have fewer, and `has_more` says that there are further branches.
    pub fn new(scanned: &[ScannedBranch], has_more: bool, after: Option<TreePosition>, limit: i64) -> Self {
        let mut plan = Self { segments: Vec::new(), next: after };
        let mut left = limit;
        for branch in scanned {
            let all = branch.segment_after(after);
            let count = all.to - all.from + 1;
            if count > 0 && left == 0 {
                return plan;
            }
            let taken = count.clamp(0, left);
            if taken > 0 {
                plan.segments.push(Segment { to: all.from + taken - 1, ..all });
            }
            left -= taken;
            plan.next = Some(TreePosition { branch: branch.key, depth: all.from + taken - 1 });
            if taken < count {
                return plan;
            }
        }
        plan.next = plan.next.filter(|_| has_more);
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::clock::Timestamp;
    use shared::ids::BranchId;

    fn branch(level: i64, own: i64) -> ScannedBranch {
        let key =
            BranchKey { level, created_at: Timestamp::from_micros(0).unwrap(), id: BranchId::generate() };
        ScannedBranch { key, fork_depth: level, head_depth: level + own, head: Some(ResponseId::generate()) }
    }

    proptest! {
        #[test]
        fn pages_have_every_message_once_and_in_order(
            own in prop::collection::vec(0..5_i64, 0..9),
            limit in 1..7_i64,
            scanned in 1..5_usize,
        ) {
            let branches: Vec<_> = own.iter().zip(0..).map(|(own, level)| branch(level, *own)).collect();
            let expected: Vec<_> = branches
                .iter()
                .flat_map(|branch| {
                    (branch.fork_depth + 1..=branch.head_depth).map(|depth| (branch.key.id, depth))
                })
                .collect();
            let (mut found, mut after) = (Vec::new(), None::<TreePosition>);
            loop {
                let rest = branches.iter().skip_while(|branch| after.is_some_and(|after| branch.key < after.branch));
                let page: Vec<_> = rest.clone().take(scanned + 1).copied().collect();
                let plan = TreePlan::new(&page, rest.count() > page.len(), after, limit);
                let before = found.len();
                for segment in &plan.segments {
                    prop_assert!(segment.from <= segment.to);
                    found.extend((segment.from..=segment.to).map(|depth| (segment.branch, depth)));
                }
                prop_assert!(i64::try_from(found.len() - before).unwrap() <= limit);
                prop_assert!(plan.next.is_none() || plan.next != after);
                after = plan.next;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_only_message_of_a_branch_is_known() {
        let (one, two) = (branch(3, 1), branch(4, 2));
        let plan = TreePlan::new(&[one, two], false, None, 9);
        let known: Vec<_> = plan.segments.iter().map(|segment| segment.only_message).collect();
        assert_eq!((known, plan.next), (vec![one.head, None], None));
    }
}
