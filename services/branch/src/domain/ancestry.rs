//! The ancestry of a branch: which branch owns which depth of its line, without a copy of the line.
//!
//! A branch knows the nearest [`MAX_WINDOW_SEGMENTS`] segments of its line and one pointer past them, so what a fork writes is
//! bounded however deep it lies. The pointers are Myers' jump pointers over every 64th level ("An applicative
//! random-access stack", 1983): any depth of a line is found after reading O(log) branches.

use super::line::DepthRange;
use shared::ids::{BranchId, ResponseId};

/// The nearest ancestors whose segments a branch stores.
pub const MAX_WINDOW_SEGMENTS: usize = 64;

/// The levels between two landmarks. A window always reaches the previous landmark.
const LEVELS_PER_LANDMARK: i64 = 64;

/// The depths `from..=to` of a line, which `branch` owns. Empty (`to` below `from`) only for the trunk of a fork
/// before the first message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The owner of these messages.
    pub branch: BranchId,
    /// The first depth.
    pub from: i64,
    /// The last depth.
    pub to: i64,
    /// The only message of the segment, if there is one alone and its id is known.
    pub only_message: Option<ResponseId>,
}

impl Segment {
    /// These depths of a branch, whatever messages lie there.
    pub const fn of(branch: BranchId, from: i64, to: i64) -> Self {
        Self { branch, from, to, only_message: None }
    }

    /// The intersection with `depths`, unless it is empty.
    pub fn intersection(self, depths: DepthRange) -> Option<Self> {
        let part = Self { from: self.from.max(depths.from), to: self.to.min(depths.to), ..self };
        (part.from <= part.to).then_some(part)
    }
}

/// A pointer to an ancestor beyond the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// The ancestor.
    pub branch: BranchId,
    /// Its level.
    pub level: i64,
    /// Its fork depth: it inherits the depths up to here.
    pub fork_depth: i64,
}

/// The ancestry of a branch. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestry {
    /// The branch itself.
    pub branch: BranchId,
    /// How many ancestors it has, those in other chats included.
    pub level: i64,
    /// The last inherited depth; its own messages follow.
    pub fork_depth: i64,
    /// The inherited segments of its nearest ancestors, the parent's first.
    pub window: Vec<Segment>,
    /// The pointer past the window, the same for all levels up to the next landmark.
    pub skip: Option<Skip>,
}

impl Ancestry {
    /// The ancestry of a branch that inherits nothing.
    pub const fn trunk(branch: BranchId) -> Self {
        Self { branch, level: 0, fork_depth: 0, window: Vec::new(), skip: None }
    }

    /// The target of the skip pointer, whose ancestry [`Ancestry::child`] needs beside this one if the child is a landmark.
    pub fn skip_target_for_child(&self) -> Option<BranchId> {
        if (self.level + 1) % LEVELS_PER_LANDMARK == 0 { self.skip.map(|skip| skip.branch) } else { None }
    }

    /// The ancestry of `branch`, which forks from the message that this branch owns at `fork_depth`. `skip_target` is the
    /// ancestry of [`Ancestry::skip_target_for_child`]; without it, skip pointers do not double in length.
    #[must_use]
    pub fn child(&self, branch: BranchId, fork_depth: i64, skip_target: Option<&Self>) -> Self {
        let own = Segment::of(self.branch, self.fork_depth + 1, fork_depth);
        let window: Vec<_> =
            std::iter::once(own).chain(self.window.iter().copied()).take(MAX_WINDOW_SEGMENTS).collect();
        let level = self.level + 1;
        let landmark = window.get(MAX_WINDOW_SEGMENTS - 1).filter(|_| level % LEVELS_PER_LANDMARK == 0);
        let skip = landmark.map_or(self.skip, |before| Some(self.skip_over(before, skip_target)));
        Self { branch, level, fork_depth, window, skip }
    }

    /// The same ancestry, with the id of the message that it forks from. If each branch of a line has a message or two, a page
    /// can query its messages by id and not by ranges.
    #[must_use]
    pub fn with_fork_message(mut self, message: Option<ResponseId>) -> Self {
        if let Some(parent) = self.window.first_mut().filter(|parent| parent.from == parent.to) {
            parent.only_message = message;
        }
        self
    }

    /// Myers' rule: two jumps of equal length become one of twice that length; else the jump goes to the previous landmark.
    fn skip_over(&self, before: &Segment, skip_target: Option<&Self>) -> Skip {
        let level = self.level + 1 - LEVELS_PER_LANDMARK;
        let before = Skip { branch: before.branch, level, fork_depth: before.from - 1 };
        let twice = self.skip.zip(skip_target).and_then(|(once, target)| {
            let twice = target.skip.filter(|_| target.branch == once.branch)?;
            (before.level - once.level == once.level - twice.level).then_some(twice)
        });
        twice.unwrap_or(before)
    }

    /// The branch whose ancestry is read next on the way to a `depth` before the window. `None` if [`Ancestry::owner`] knows
    /// the depth.
    pub fn next_toward(&self, depth: i64) -> Option<BranchId> {
        let oldest = self.window.last().filter(|oldest| depth < oldest.from)?;
        Some(self.skip.filter(|skip| depth <= skip.fork_depth).map_or(oldest.branch, |skip| skip.branch))
    }

    /// The branch that owns `depth` of this line, if the window reaches it.
    pub fn owner(&self, depth: i64) -> Option<BranchId> {
        if depth > self.fork_depth {
            return Some(self.branch);
        }
        let nearest = self.window.partition_point(|segment| segment.from > depth);
        self.window.get(nearest).filter(|segment| depth <= segment.to).map(|segment| segment.branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_made_without_the_skip_targets_ancestry_is_correct_too() {
        let mut ancestry = Ancestry::trunk(BranchId::generate());
        let trunk = ancestry.branch;
        for depth in 1..=1000 {
            ancestry = ancestry.child(BranchId::generate(), depth, None);
        }
        assert_eq!(ancestry.skip.unwrap().level, 960 - LEVELS_PER_LANDMARK);
        assert_ne!(ancestry.skip.unwrap().branch, trunk);
        assert!(ancestry.next_toward(1).is_some());
    }
}
