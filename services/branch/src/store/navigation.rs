//! Navigation on a line by ancestries, the same on every engine.

use super::version_list::OpenBranch;
use super::{PageRequest, Position, TreeRequest};
use crate::domain::{Ancestry, BranchKey, BranchLink, DepthRange, Order, Plan, Segment};
use crate::error::Error;
use shared::ids::{BranchId, ResponseId};
use std::collections::HashMap;

/// The most attempts on the active branch of a chat, if the one found is deleted meanwhile.
pub(super) const MAX_ATTEMPTS_ON_ACTIVE_BRANCH: usize = 3;
/// The branches of a chat that were last made active among which the one to activate is looked for.
pub(super) const MAX_RECENT_BRANCHES: i64 = 50;
/// Forks of a message that are listed with it.
pub(super) const MAX_LISTED_FORKS: i64 = 100;
/// Children of a branch that are listed.
pub(super) const MAX_LISTED_CHILDREN: usize = 10_000;

/// Branches that are read at least for a page of their messages: many may have none.
pub(super) const MIN_BRANCHES_OF_MESSAGES: usize = 100;
/// Branches that are read at least for a page of those that match a filter.
pub(super) const MIN_SCANNED_BRANCHES: usize = 400;

/// A reader of ancestries.
pub(super) trait AncestryReader: Send {
    /// The ancestry of a branch, which stays readable as long as any descendant lives.
    fn read_ancestry(&mut self, branch: BranchId) -> impl Future<Output = Result<Ancestry, Error>> + Send;

    /// The ancestries of two branches, read at the same time.
    fn read_both(
        &mut self,
        left: BranchId,
        right: BranchId,
    ) -> impl Future<Output = Result<(Ancestry, Ancestry), Error>> + Send;
}

impl<R: AncestryReader> AncestryReader for &mut R {
    fn read_ancestry(&mut self, branch: BranchId) -> impl Future<Output = Result<Ancestry, Error>> + Send {
        R::read_ancestry(self, branch)
    }

    fn read_both(
        &mut self,
        left: BranchId,
        right: BranchId,
    ) -> impl Future<Output = Result<(Ancestry, Ancestry), Error>> + Send {
        R::read_both(self, left, right)
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

/// A branch that was made active, with the head of its line.
#[derive(Debug)]
pub(super) struct RecentBranch {
    pub(super) ancestry: Ancestry,
    pub(super) head_depth: i64,
    pub(super) head: Option<ResponseId>,
}

/// The branches to activate at a depth: for each branch that owns a message there, the first of `recent` whose line has it.
pub(super) async fn open_branches(
    mut ancestries: impl AncestryReader,
    recent: Vec<RecentBranch>,
    depth: i64,
) -> Result<HashMap<BranchId, OpenBranch>, Error> {
    let mut open = HashMap::new();
    for RecentBranch { ancestry, head_depth, head } in recent {
        if depth <= head_depth {
            let branch = ancestry.branch;
            let owner = owner_of_inherited(&mut ancestries, ancestry, depth).await?.unwrap_or(branch);
            open.entry(owner).or_insert(OpenBranch { branch, head });
        }
    }
    Ok(open)
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

/// The positions beside a page of these depths: of the message after it, and of the one before it if the walk was begun at a depth.
/// `oldest` is the branch that owns the oldest message of the page.
pub(super) fn positions_beside(
    request: &PageRequest,
    head: i64,
    depths: Option<DepthRange>,
    oldest: Option<BranchId>,
) -> (Option<Position>, Option<Position>) {
    let back = request.order.reversed();
    let position = |order, depth| {
        // Downwards the branch of the oldest message has all further depths; upwards only the line's own branch has.
        let via = oldest.filter(|_| order == Order::Desc).unwrap_or(request.branch);
        Position { via, depth }
    };
    let after = depths.and_then(|depths| depths.next(request.order, head));
    let before = match depths {
        Some(depths) => depths.next(back, head),
        // The page begins beyond the head.
        None => Some(head).filter(|head| *head > 0),
    };
    let before = before.filter(|_| request.from_depth.is_some());
    (after.map(|depth| position(request.order, depth)), before.map(|depth| position(back, depth)))
}

/// Whether `start` lies on `line`. It names the branch of `via`, whose head is at `via_head`.
pub(super) fn is_on_line(line: &Ancestry, via: &Ancestry, via_head: i64, start: Position) -> bool {
    let is_above = via.level < line.level && start.depth <= via_head.min(line.fork_depth);
    let in_window = line.window.iter().find(|segment| segment.branch == via.branch);
    let beyond_window = line.window.last().is_some_and(|oldest| start.depth < oldest.from);
    is_above && in_window.map_or(beyond_window, |segment| start.depth <= segment.to)
}

/// Whether `start` lies on the inherited part of `line`, and on the line of `via`, the branch that it names.
pub(super) async fn is_inherited_via(
    mut ancestries: impl AncestryReader,
    line: &Ancestry,
    via: &Ancestry,
    start: Position,
) -> Result<bool, Error> {
    let Some(owner) = owner_of_inherited(&mut ancestries, line.clone(), start.depth).await? else {
        return Ok(false);
    };
    let owner_via = owner_of_inherited(ancestries, via.clone(), start.depth).await?;
    Ok(owner_via.unwrap_or(via.branch) == owner)
}

/// The children of a branch, oldest first, if they all lie on a page of it and its descendants. It comes after `after`, and
/// is followed by others if there is a `next`.
pub(super) fn children_on_page(
    root: BranchKey,
    after: Option<BranchKey>,
    items: impl IntoIterator<Item = BranchLink>,
    next: Option<BranchKey>,
) -> Option<Vec<BranchId>> {
    let is_whole = after.is_none() && next.is_none_or(|next| next.level > root.level + 1);
    // The branches of a level are sorted by age.
    let children = items.into_iter().filter(|link| link.parent == Some(root.id)).map(|link| link.branch);
    is_whole.then(|| children.take(MAX_LISTED_CHILDREN).collect())
}

/// The number of branches that a page of a tree reads.
pub(super) fn count_scanned(request: &TreeRequest) -> usize {
    if request.filter.is_empty() { request.limit } else { request.limit.max(MIN_SCANNED_BRANCHES) }
}

/// The first `limit` of the scanned branches that match, and the key after which the next page begins. `end` is the key of the last one,
/// if others follow.
pub(super) fn take_matching<T>(
    scanned: Vec<T>,
    end: Option<BranchKey>,
    limit: usize,
    key: impl Fn(&T) -> BranchKey,
    matches: impl Fn(&T) -> bool,
) -> (Vec<T>, Option<BranchKey>) {
    let (mut taken, mut last) = (Vec::new(), None);
    for branch in scanned {
        let matches = matches(&branch);
        if matches && taken.len() == limit {
            return (taken, last);
        }
        last = Some(key(&branch));
        if matches {
            taken.push(branch);
        }
    }
    (taken, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Branch;
    use proptest::prelude::*;
    use shared::clock::Timestamp;
    use shared::ids::ChatId;
    use shared::tags::Tags;

    /// A tree, sorted as pages are. Each branch but the root has one of those before it as its parent, and is as old as others.
    fn tree(parents: &[prop::sample::Index], ages: &[i64]) -> Vec<Branch> {
        let chat = ChatId::generate();
        let branch = |id, parent: Option<&Branch>, micros| Branch {
            id,
            chat,
            parent: parent.map(|parent| parent.id),
            forked_from: None,
            fork_depth: 0,
            level: parent.map_or(0, |parent| parent.level + 1),
            name: None,
            head_depth: 0,
            head: None,
            own: None,
            tags: Tags::default(),
            archived: false,
            created_at: Timestamp::from_micros(micros).unwrap(),
        };
        let mut branches = vec![branch(chat.trunk(), None, 0)];
        for (parent, micros) in parents.iter().zip(ages) {
            let parent = parent.get(&branches).clone();
            branches.push(branch(BranchId::generate(), Some(&parent), *micros));
        }
        branches.sort_unstable_by_key(Branch::key);
        branches
    }

    proptest! {
        #[test]
        fn a_page_has_all_children_or_says_that_it_does_not(
            parents in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            ages in prop::collection::vec(0..4_i64, 12),
            limit in 1..14_usize,
        ) {
            let branches = tree(&parents, &ages);
            let root = branches[0].key();
            let mut children: Vec<_> =
                branches.iter().filter(|branch| branch.parent == Some(root.id)).collect();
            children.sort_unstable_by_key(|child| (child.created_at, child.id));
            let children: Vec<_> = children.into_iter().map(|child| child.id).collect();
            let (items, rest) = branches.split_at(limit.min(branches.len()));
            let next = items.last().filter(|_| !rest.is_empty()).map(Branch::key);
            let is_missing = |id: &BranchId| rest.iter().any(|branch| branch.id == *id);
            let links = || items.iter().map(Branch::link);
            match children_on_page(root, None, links(), next) {
                Some(found) => prop_assert_eq!(found, children),
                // A page that ends with the last child need not know it.
                None => prop_assert!(
                    children.iter().any(is_missing)
                        || items.last().is_some_and(|last| last.level <= root.level + 1)
                ),
            }
            prop_assert_eq!(children_on_page(root, Some(root), links(), next), None);
        }
    }

    #[test]
    fn pages_of_matching_branches_end_with_the_last_one_scanned() {
        let key = |number: &i64| BranchKey { level: *number, ..tree(&[], &[])[0].key() };
        let level = |(taken, next): (Vec<i64>, Option<BranchKey>)| (taken, next.map(|next| next.level));
        let even = |limit, end: Option<i64>| {
            let end = end.map(|end| key(&end));
            level(take_matching(vec![0, 1, 2, 3, 4, 5], end, limit, key, |number| number % 2 == 0))
        };
        assert_eq!(even(2, Some(5)), (vec![0, 2], Some(3)));
        assert_eq!(even(3, Some(5)), (vec![0, 2, 4], Some(5)));
        assert_eq!(even(3, None), (vec![0, 2, 4], None));
        assert_eq!(even(9, Some(5)), (vec![0, 2, 4], Some(5)));
    }

    #[test]
    fn no_more_children_are_listed_than_by_a_query() {
        let branches = tree(&[], &[]);
        let child = |_| Branch {
            id: BranchId::generate(),
            parent: Some(branches[0].id),
            level: 1,
            ..branches[0].clone()
        };
        let items: Vec<_> = branches.iter().cloned().chain((0..=MAX_LISTED_CHILDREN).map(child)).collect();
        let listed = children_on_page(branches[0].key(), None, items.iter().map(Branch::link), None).unwrap();
        assert_eq!(listed.len(), MAX_LISTED_CHILDREN);
        assert_eq!(listed[0], items[1].id);
    }
}
