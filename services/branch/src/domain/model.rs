//! The model: a tree that copies whole lines, compared with the same tree by its ancestries.

use super::ancestry::{Ancestry, MAX_WINDOW_SEGMENTS, Segment};
use super::common_ancestor::{CommonAncestor, CommonAncestorStep};
use super::line::DepthRange;
use super::plan::Plan;
use proptest::prelude::*;
use shared::ids::BranchId;

/// Branches by number; the trunk is 0.
pub(super) struct Tree {
    /// By ancestry, as the service stores it.
    pub(super) ancestries: Vec<Ancestry>,
    /// By copy: for each branch, the owner of every message of its line.
    lines: Vec<Vec<usize>>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { ancestries: vec![Ancestry::trunk(BranchId::generate())], lines: vec![Vec::new()] }
    }

    pub(super) fn append(&mut self, branch: usize, count: usize) {
        self.lines[branch].extend(std::iter::repeat_n(branch, count));
    }

    /// Forks at any depth of the line of `branch`, inherited ones included, and says the number of the fork.
    pub(super) fn fork(&mut self, branch: usize, depth: usize) -> usize {
        // Before the first message the trunk is the parent, else the owner of the message.
        let parent = depth.checked_sub(1).map_or(0, |last| self.lines[branch][last]);
        let line = self.lines[branch][..depth].to_vec();
        self.lines.push(line);
        let skip_target = self.ancestries[parent].skip_target_for_child().map(|id| self.ancestry(id));
        let ancestry = self.ancestries[parent].child(
            BranchId::generate(),
            i64::try_from(depth).unwrap(),
            skip_target.as_ref(),
        );
        self.ancestries.push(ancestry);
        self.ancestries.len() - 1
    }

    /// As [`Tree::fork`] at the last message, for long chains: the copy of the line is left out.
    pub(super) fn fork_at_head(&mut self, branch: usize) -> usize {
        let ancestry = &self.ancestries[branch];
        let depth = ancestry.fork_depth + i64::try_from(self.lines[branch].len()).unwrap();
        let skip_target = ancestry.skip_target_for_child().map(|id| self.ancestry(id));
        let ancestry = ancestry.child(BranchId::generate(), depth, skip_target.as_ref());
        self.ancestries.push(ancestry);
        self.lines.push(Vec::new());
        self.ancestries.len() - 1
    }

    fn ancestry(&self, id: BranchId) -> Ancestry {
        self.ancestries.iter().find(|ancestry| ancestry.branch == id).unwrap().clone()
    }

    /// The owner of a depth of a line, and how many other ancestries had to be read for it.
    pub(super) fn owner_of(&self, branch: usize, depth: i64) -> (BranchId, usize) {
        let (ancestry, reads) = self.reach(branch, depth);
        (ancestry.owner(depth).unwrap(), reads)
    }

    fn reach(&self, branch: usize, depth: i64) -> (Ancestry, usize) {
        let mut ancestry = self.ancestries[branch].clone();
        let mut reads = 0;
        while let Some(further) = ancestry.next_toward(depth) {
            ancestry = self.ancestry(further);
            reads += 1;
        }
        (ancestry, reads)
    }

    fn plan(&self, branch: usize, from: i64, to: i64) -> Vec<Segment> {
        let mut plan = Plan::new(&self.reach(branch, to).0, DepthRange { from, to });
        while let Some(missing) = plan.missing_ancestry() {
            plan.extend(&self.ancestry(missing));
        }
        plan.segments().to_vec()
    }

    /// Forks a branch of a branch so many times, each with a message of its own, and returns the last.
    fn deepen(&mut self, mut tip: usize, levels: usize) -> usize {
        for _ in 0..levels {
            tip = self.fork_at_head(tip);
            self.append(tip, 1);
        }
        tip
    }

    /// The common ancestor of two lines, and how many reads the search took.
    fn common_ancestor(&self, left: usize, right: usize) -> (Option<CommonAncestor>, usize) {
        let (mut left, mut right) = (self.ancestries[left].clone(), self.ancestries[right].clone());
        let mut reads = 0;
        loop {
            match CommonAncestorStep::after(&left, &right) {
                CommonAncestorStep::Found(found) => return (Some(found), reads),
                CommonAncestorStep::Disjoint => return (None, reads),
                CommonAncestorStep::ClimbLeft(above) => left = self.ancestry(above),
                CommonAncestorStep::ClimbRight(above) => right = self.ancestry(above),
                CommonAncestorStep::ClimbBoth(above_left, above_right) => {
                    (left, right) = (self.ancestry(above_left), self.ancestry(above_right));
                }
            }
            reads += 1;
        }
    }

    /// Compares the common part of two lines with that of their copies.
    fn check_common(&self, left: usize, right: usize) {
        let copies = self.lines[left].iter().zip(&self.lines[right]);
        let expected = copies.take_while(|(left, right)| left == right).count();
        let head = |branch: usize| i64::try_from(self.lines[branch].len()).unwrap();
        let found = self.common_ancestor(left, right).0;
        let depth = found.map_or(0, |found| found.depth(head(left), head(right)));
        assert_eq!(depth, i64::try_from(expected).unwrap(), "{left} {right}");
    }

    /// Compares the line of `branch`, read as one page and as pages of `limit`, with the copy.
    fn check(&self, branch: usize, limit: usize) {
        let line: Vec<_> = self.lines[branch].iter().map(|owner| self.ancestries[*owner].branch).collect();
        for (index, owner) in line.iter().enumerate() {
            assert_eq!(self.owner_of(branch, i64::try_from(index + 1).unwrap()).0, *owner);
        }
        for page in [line.len().max(1), limit] {
            for (number, copy) in line.chunks(page).enumerate() {
                let from = i64::try_from(number * page + 1).unwrap();
                let to = from + i64::try_from(copy.len()).unwrap() - 1;
                let segments = self.plan(branch, from, to);
                assert!(segments.len() <= copy.len());
                let segments = segments.iter().rev();
                let read: Vec<_> = segments
                    .flat_map(|segment| (segment.from..=segment.to).map(|depth| (depth, segment.branch)))
                    .collect();
                assert_eq!(read, (from..).zip(copy.iter().copied()).collect::<Vec<_>>());
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append {
        branch: prop::sample::Index,
        count: usize,
    },
    /// At any depth of any line.
    Fork {
        branch: prop::sample::Index,
        depth: prop::sample::Index,
    },
    /// A chain of forks of forks, each with one message.
    Chain {
        branch: prop::sample::Index,
        length: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => (index(), 1..4_usize).prop_map(|(branch, count)| Step::Append { branch, count }),
        4 => (index(), index()).prop_map(|(branch, depth)| Step::Fork { branch, depth }),
        1 => (index(), 1..90_usize).prop_map(|(branch, length)| Step::Chain { branch, length }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn ancestries_and_copies_agree(steps in prop::collection::vec(step(), 1..40), limit in 1..70_usize) {
        let mut tree = Tree::new();
        for step in steps {
            match step {
                Step::Append { branch, count } => tree.append(branch.index(tree.lines.len()), count),
                Step::Fork { branch, depth } => {
                    let branch = branch.index(tree.lines.len());
                    let depth = depth.index(tree.lines[branch].len() + 1);
                    tree.fork(branch, depth);
                }
                Step::Chain { branch, length } => {
                    let mut branch = branch.index(tree.lines.len());
                    for _ in 0..length {
                        tree.append(branch, 1);
                        branch = tree.fork(branch, tree.lines[branch].len());
                    }
                }
            }
        }
        // The newest lines are the deepest; some of the others will do.
        let count = tree.lines.len();
        for branch in (0..count).filter(|branch| branch % 7 == 0 || branch + 5 > count) {
            tree.check(branch, limit);
            for other in (0..count).filter(|other| other % 5 == 0 || other + 5 > count) {
                tree.check_common(branch, other);
            }
        }
    }
}

#[test]
fn a_fork_before_the_first_message_inherits_nothing() {
    let mut tree = Tree::new();
    tree.append(0, 3);
    let fork = tree.fork(0, 0);
    tree.append(fork, 2);
    let (trunk, fork) = (&tree.ancestries[0], &tree.ancestries[fork]);
    assert_eq!(fork.window, [Segment::of(trunk.branch, 1, 0)]);
    assert_eq!(fork.owner(1), Some(fork.branch));
    assert_eq!(fork.next_toward(1), None);
    assert_eq!(trunk.owner(0), None);
}

#[test]
fn any_depth_of_a_deep_chain_is_found_after_a_few_reads() {
    const LEVELS: usize = 10_000;
    let mut tree = Tree::new();
    tree.append(0, 1);
    tree.deepen(0, LEVELS);
    let depths = (1..=i64::try_from(LEVELS).unwrap() + 1).step_by(7);
    let reads = depths.map(|depth| {
        let (owner, reads) = tree.owner_of(LEVELS, depth);
        assert_eq!(owner, tree.ancestries[usize::try_from(depth - 1).unwrap()].branch);
        reads
    });
    // Twice the binary logarithm of the landmarks (157), and one.
    assert!(reads.max().unwrap() <= 16);
    assert!(tree.ancestries.iter().all(|ancestry| ancestry.window.len() <= MAX_WINDOW_SEGMENTS));
}

#[test]
fn trees_that_share_nothing_have_no_common_ancestor() {
    let (mut tree, mut other) = (Tree::new(), Tree::new());
    tree.append(0, 1);
    other.append(0, 1);
    for (tree, levels) in [(&mut tree, 200), (&mut other, 70)] {
        tree.deepen(0, levels);
    }
    let first_of_other = tree.ancestries.len();
    tree.ancestries.append(&mut other.ancestries);
    for (left, right) in [(0, first_of_other), (200, first_of_other + 70), (200, first_of_other)] {
        assert_eq!(tree.common_ancestor(left, right).0, None);
        assert_eq!(tree.common_ancestor(right, left).0, None);
    }
}

#[test]
fn the_common_ancestor_of_two_deep_chains_is_found_after_a_few_reads() {
    const LEVELS: usize = 10_000;
    let mut tree = Tree::new();
    tree.append(0, 1);
    tree.deepen(0, LEVELS);
    for parting in [0, 1, 63, 64, 65, 4_000, 5_057, 9_900] {
        // From the branch of this level up another chain, of which some are as long.
        let first = tree.ancestries.len();
        let tip = tree.deepen(parting, (LEVELS - parting).min(3_000));
        for (left, right) in [(LEVELS, tip), (tip, LEVELS), (first, LEVELS), (parting, LEVELS)] {
            let (found, reads) = tree.common_ancestor(left, right);
            assert_eq!(found.map(|found| found.branch), Some(tree.ancestries[parting].branch), "{parting}");
            // Twice the binary logarithm of the landmarks (157), on both sides, and to a common level.
            assert!(reads <= 32, "{parting}: {reads} reads");
        }
    }
}
