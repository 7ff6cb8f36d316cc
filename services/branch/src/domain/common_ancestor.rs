//! The nearest branch from which two lines have messages in common: the lowest common ancestor, by jump pointers.
//!
//! Both sides climb if their windows end without a common branch: by their skip pointers if these lead to two branches of one
//! level, else to the end of the shorter window. As both stand on one level from then on, their pointers are equally long, and
//! O(log) ancestries are read.

use super::ancestry::Ancestry;
use shared::ids::BranchId;

/// A branch from which both lines have messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommonAncestor {
    /// The branch.
    pub branch: BranchId,
    /// The last depth that the left line has from it; none for the left line's own branch, whose last depth is its head.
    pub left_end: Option<i64>,
    /// The same for the right line.
    pub right_end: Option<i64>,
}

impl CommonAncestor {
    /// The last depth that lines with these heads have in common; 0 for none.
    pub fn depth(&self, left_head: i64, right_head: i64) -> i64 {
        self.left_end.unwrap_or(left_head).min(self.right_end.unwrap_or(right_head))
    }
}

/// A step of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommonAncestorStep {
    /// The nearest common ancestor.
    Found(CommonAncestor),
    /// The lines have nothing in common.
    Disjoint,
    /// The left side goes on from the ancestry of this branch.
    ClimbLeft(BranchId),
    /// The right side does.
    ClimbRight(BranchId),
    /// Both do.
    ClimbBoth(BranchId, BranchId),
}

impl CommonAncestorStep {
    /// The step after these ancestries: those of the two lines at first, later those of branches below the common ancestor.
    pub fn after(left: &Ancestry, right: &Ancestry) -> Self {
        let floor = oldest_level(left).max(oldest_level(right));
        let ceiling = left.level.min(right.level);
        if ceiling < floor {
            return if left.level < right.level {
                climb_alone(right, left.level).map_or(Self::Disjoint, Self::ClimbRight)
            } else {
                climb_alone(left, right.level).map_or(Self::Disjoint, Self::ClimbLeft)
            };
        }
        let common = |level| {
            let (left, right) = (at_level(left, level)?, at_level(right, level)?);
            (left.branch == right.branch).then_some(CommonAncestor {
                branch: left.branch,
                left_end: left.end,
                right_end: right.end,
            })
        };
        (floor..=ceiling).rev().find_map(common).map_or_else(|| climb_both(left, right, floor), Self::Found)
    }
}

/// A branch that the ancestry of a line names.
struct Ancestor {
    branch: BranchId,
    /// The last depth that the line has from it; none for the line's own branch.
    end: Option<i64>,
}

/// The branch at this level of the line, if it is the line's own or in the window.
fn at_level(line: &Ancestry, level: i64) -> Option<Ancestor> {
    if level == line.level {
        return Some(Ancestor { branch: line.branch, end: None });
    }
    let segment = line.window.get(usize::try_from(line.level - 1 - level).ok()?)?;
    Some(Ancestor { branch: segment.branch, end: Some(segment.to) })
}

fn oldest_level(line: &Ancestry) -> i64 {
    line.level - i64::try_from(line.window.len()).unwrap_or(i64::MAX)
}

/// The farthest known branch of a line that is deeper than `level`; none if it has no other.
fn climb_alone(line: &Ancestry, level: i64) -> Option<BranchId> {
    let skip = line.skip.filter(|skip| skip.level > level).map(|skip| skip.branch);
    skip.or_else(|| line.window.last().map(|oldest| oldest.branch))
}

/// The way on for two lines that have different branches from `floor` on: to branches that are not common either.
fn climb_both(left: &Ancestry, right: &Ancestry, floor: i64) -> CommonAncestorStep {
    if let Some((left, right)) = left.skip.zip(right.skip)
        && left.level == right.level
        && left.branch != right.branch
    {
        return CommonAncestorStep::ClimbBoth(left.branch, right.branch);
    }
    let above = |line: &Ancestry| {
        at_level(line, floor).map(|ancestor| ancestor.branch).filter(|branch| *branch != line.branch)
    };
    match (above(left), above(right)) {
        (Some(left), Some(right)) => CommonAncestorStep::ClimbBoth(left, right),
        // The other side stands at the floor already. If that is its root, there is nothing above.
        (Some(left_above), None) if !right.window.is_empty() => CommonAncestorStep::ClimbLeft(left_above),
        (None, Some(right_above)) if !left.window.is_empty() => CommonAncestorStep::ClimbRight(right_above),
        _ => CommonAncestorStep::Disjoint,
    }
}
