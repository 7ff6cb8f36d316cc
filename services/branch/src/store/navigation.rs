//! Navigation on a line by ancestries, the same on every engine.

use super::Position;
use crate::domain::{Ancestry, DepthRange, Plan, Segment};
use crate::error::Error;
use shared::ids::BranchId;

/// The most attempts on the active branch of a chat, if the one found is deleted meanwhile.
pub(super) const MAX_ATTEMPTS_ON_ACTIVE_BRANCH: usize = 3;
/// Forks of a message that are listed with it.
pub(super) const MAX_LISTED_FORKS: i64 = 100;
/// Children of a branch that are listed.
pub(super) const MAX_LISTED_CHILDREN: i64 = 10_000;

/// A reader of ancestries.
pub(super) trait AncestryReader: Send {
    /// The ancestry of a branch, which stays readable as long as any descendant lives.
    fn read_ancestry(&mut self, branch: BranchId) -> impl Future<Output = Result<Ancestry, Error>> + Send;
}

impl<R: AncestryReader> AncestryReader for &mut R {
    fn read_ancestry(&mut self, branch: BranchId) -> impl Future<Output = Result<Ancestry, Error>> + Send {
        R::read_ancestry(self, branch)
    }
}

/// The ancestry of the branch at or above `nearest` whose window holds `depth`.
async fn ancestry_reaching(
    mut ancestries: impl AncestryReader,
    mut nearest: Ancestry,
    depth: i64,
) -> Result<Ancestry, Error> {
    while let Some(further) = nearest.next_toward(depth) {
        nearest = ancestries.read_ancestry(further).await?;
    }
    Ok(nearest)
}

/// The branch above `line` that owns the message at `depth` of the line; none if the line's own branch would own it.
pub(super) async fn owner_of_inherited(
    ancestries: impl AncestryReader,
    line: Ancestry,
    depth: i64,
) -> Result<Option<BranchId>, Error> {
    if depth > line.fork_depth {
        return Ok(None);
    }
    Ok(ancestry_reaching(ancestries, line, depth).await?.owner(depth))
}

/// The segments that cover `depths` of the line of `start`, deepest first.
pub(super) async fn plan_page(
    mut ancestries: impl AncestryReader,
    start: Ancestry,
    depths: DepthRange,
) -> Result<Vec<Segment>, Error> {
    let nearest = ancestry_reaching(&mut ancestries, start, depths.to).await?;
    let mut plan = Plan::new(&nearest, depths);
    while let Some(missing) = plan.missing_ancestry() {
        plan.extend(&ancestries.read_ancestry(missing).await?);
    }
    Ok(plan.segments().to_vec())
}

/// Whether `start` lies on `line`. It names the branch of `via`, whose head is at `via_head`.
pub(super) fn is_on_line(line: &Ancestry, via: &Ancestry, via_head: i64, start: Position) -> bool {
    let is_above = via.level < line.level && start.depth <= via_head.min(line.fork_depth);
    let in_window = line.window.iter().find(|segment| segment.branch == via.branch);
    let beyond_window = line.window.last().is_some_and(|oldest| start.depth < oldest.from);
    is_above && in_window.map_or(beyond_window, |segment| start.depth <= segment.to)
}
