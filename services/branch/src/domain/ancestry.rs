//! Where a branch lies in its tree: which branch owns which depth of its line, without a copy of the line.
//!
//! A branch knows the nearest [`MAX_WINDOW_SEGMENTS`] segments of its line and one pointer past them, so what a fork writes is
//! bounded however deep it lies. The pointers are Myers' jump pointers over every 64th level ("An applicative
//! random-access stack", 1983): any depth of a line is found after reading O(log) branches.

use super::line::DepthRange;
use shared::ids::{BranchId, ResponseId};

/// How many ancestors a branch knows by itself.
pub const MAX_WINDOW_SEGMENTS: usize = 64;

/// The levels between two landmarks: a window always reaches to the landmark before.
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
    /// Its message, where that is the only one and its id is known.
    pub only: Option<ResponseId>,
}

impl Segment {
    /// These depths of a branch, whatever messages lie there.
    pub const fn of(branch: BranchId, from: i64, to: i64) -> Self {
        Self { branch, from, to, only: None }
    }

    /// The part of it that lies within `stretch`, if there is any.
    pub fn within(self, stretch: DepthRange) -> Option<Self> {
        let part = Self { from: self.from.max(stretch.from), to: self.to.min(stretch.to), ..self };
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

/// A branch's place in its tree. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestry {
    /// The branch itself.
    pub branch: BranchId,
    /// How many ancestors it has.
    pub level: i64,
    /// The last depth that it inherits; its own messages come after.
    pub fork_depth: i64,
    /// What it inherits from its nearest ancestors, the parent's segment first.
    pub window: Vec<Segment>,
    /// The way past the window, the same for all levels up to the next landmark.
    pub skip: Option<Skip>,
}

impl Ancestry {
    /// The place of a trunk that inherits nothing.
    pub const fn trunk(branch: BranchId) -> Self {
        Self { branch, level: 0, fork_depth: 0, window: Vec::new(), skip: None }
    }

    /// The branch whose ancestry [`Ancestry::child`] wants to see beside this one: the pointer's target, for the
    /// children that are landmarks.
    pub fn wanted_by_child(&self) -> Option<BranchId> {
        if (self.level + 1) % LEVELS_PER_LANDMARK == 0 { self.skip.map(|skip| skip.branch) } else { None }
    }

    /// The place of `branch`, which forks from the message that this branch owns at `fork_depth`.
    #[must_use]
    pub fn child(&self, branch: BranchId, fork_depth: i64, wanted: Option<&Self>) -> Self {
        let own = Segment::of(self.branch, self.fork_depth + 1, fork_depth);
        let window: Vec<_> =
            std::iter::once(own).chain(self.window.iter().copied()).take(MAX_WINDOW_SEGMENTS).collect();
        let level = self.level + 1;
        let landmark = window.get(MAX_WINDOW_SEGMENTS - 1).filter(|_| level % LEVELS_PER_LANDMARK == 0);
        let skip = landmark.map_or(self.skip, |before| Some(self.skip_over(before, wanted)));
        Self { branch, level, fork_depth, window, skip }
    }

    /// The same place, with the id of the message that it forks from. Where each branch of a line has a message or two,
    /// that lets a page ask for its messages and not for the ranges in which they lie.
    #[must_use]
    pub fn forked_from(mut self, message: Option<ResponseId>) -> Self {
        if let Some(parent) = self.window.first_mut().filter(|parent| parent.from == parent.to) {
            parent.only = message;
        }
        self
    }

    /// Myers' rule: two jumps of one length become one of twice that length, else the jump goes to the landmark before.
    fn skip_over(&self, before: &Segment, wanted: Option<&Self>) -> Skip {
        let level = self.level + 1 - LEVELS_PER_LANDMARK;
        let before = Skip { branch: before.branch, level, fork_depth: before.from - 1 };
        let twice = self.skip.zip(wanted).and_then(|(once, target)| {
            let twice = target.skip.filter(|_| target.branch == once.branch)?;
            (before.level - once.level == once.level - twice.level).then_some(twice)
        });
        twice.unwrap_or(before)
    }

    /// Where to look for an inherited `depth` that lies before the window; `None` if [`Ancestry::owner`] knows it.
    pub fn further(&self, depth: i64) -> Option<BranchId> {
        let oldest = self.window.last().filter(|oldest| depth < oldest.from)?;
        Some(self.skip.filter(|skip| depth <= skip.fork_depth).map_or(oldest.branch, |skip| skip.branch))
    }

    /// The branch that owns `depth` of this line, where the window reaches as far.
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
    fn a_child_made_without_the_wanted_ancestry_is_right_all_the_same() {
        let mut place = Ancestry::trunk(BranchId::generate());
        let trunk = place.branch;
        for depth in 1..=1000 {
            place = place.child(BranchId::generate(), depth, None);
        }
        assert_eq!(place.skip.unwrap().level, 960 - LEVELS_PER_LANDMARK);
        assert_ne!(place.skip.unwrap().branch, trunk);
        assert!(place.further(1).is_some());
    }
}
