//! A page of a line: plans its segments, then reads them as far as they fit.

use crate::domain::{Ancestry, DepthRange, Order, Segment};
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::head;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::segments::{MessagesWithForks, read, read_small};
use crate::store::mongo::read::target::Target;
use crate::store::mongo::read::{message_forks, versions};
use crate::store::navigation::{
    MAX_ATTEMPTS_ON_ACTIVE_BRANCH, is_inherited_via, is_on_line, plan_page, positions_beside,
};
use crate::store::selection::text_bytes;
use crate::store::{LinePage, LineRequest, MessagePage, PageRequest, Position};

/// Depths past the hint of the head that are read with the newest page.
const DEPTHS_PAST_HINT: i64 = 32;

impl MongoEngine {
    pub(crate) async fn read_page(&self, request: &LineRequest) -> Result<LinePage, Error> {
        let mut attempt = 1;
        loop {
            let start = request.start.map(|start| [start.branch, start.position.via]);
            let others = request.branch.into_iter().chain(start.into_iter().flatten());
            let target = Target::find(self, request.owner, request.target, others).await?.require()?;
            let page = request.page(&target.resolved(self).await?)?;
            match self.read_page_of_branch(&page, &target).await {
                Err(Error::BranchNotFound)
                    if request.names_no_branch() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                messages => return Ok(LineRequest::finish(&page, messages?)),
            }
        }
    }

    async fn read_page_of_branch(
        &self,
        request: &PageRequest,
        target: &Target,
    ) -> Result<MessagePage<Position>, Error> {
        let branch = if let Some(branch) = target.branch_of_chat(request.branch) {
            branch.clone()
        } else {
            // The active branch, if the guess was wrong.
            let found = branch_with_trunk(self, request.owner, request.chat, request.branch).await?;
            found.require_both()?.0
        };
        let (order, limit) = (request.order, i64::try_from(request.limit).unwrap_or(i64::MAX));
        let newest = match (order, request.start_depth()) {
            (Order::Desc, None) => read_newest_page(self, &branch, limit).await?,
            _ => None,
        };
        let (head, depths, MessagesWithForks { messages: mut found, forks, parent }) =
            if let Some(newest) = newest {
                newest
            } else {
                let via = request.start.and_then(|start| target.above_line(start.via));
                read_any_page(self, request, &branch, via).await?
            };
        match order {
            Order::Asc => found.sort_unstable_by_key(|message| message.depth),
            Order::Desc => found.sort_unstable_by_key(|message| std::cmp::Reverse(message.depth)),
        }
        let oldest = found.iter().min_by_key(|message| message.depth).map(|message| message.branch);
        let (next, previous) = positions_beside(request, head, depths, oldest);
        // The size is known only after the read.
        let bytes = text_bytes(found.iter().map(|message| message.text_bytes));
        let memory = self.memory.reserve(2 * bytes).await?;
        let reading = ReadingChat::One(request.chat);
        let forks = message_forks::of_messages(self, reading, &found, forks);
        let versions = versions::of_page(self, reading, parent.as_ref(), &found);
        let (mut forks, versions) = futures_util::try_join!(forks, versions)?;
        let message = |message: MessageDoc| {
            let (forks, version) = (forks.remove(&message.id), versions.get(&message.id).copied());
            message.into_message(forks.unwrap_or_default()).with_version(version).read_on(request.branch)
        };
        Ok(MessagePage { items: found.into_iter().map(message).collect(), next, previous, memory })
    }
}

/// The head as far as it was searched, the depths that were read, and the messages.
type LineRead = (i64, Option<DepthRange>, MessagesWithForks);

/// Reads the newest page of a line in one query, together with the depths past the hint of its head. `None` if the hint is
/// too far behind, the texts are too large, or an append interferes.
async fn read_newest_page(
    mongo: &MongoEngine,
    branch: &BranchDoc,
    limit: i64,
) -> Result<Option<LineRead>, Error> {
    let hint = branch.head_depth;
    let mut segments = match DepthRange::page(Order::Desc, hint, None, limit) {
        Some(depths) => plan_page(mongo, branch.ancestry()?, depths.with_parent()).await?,
        None => Vec::new(),
    };
    let past = Segment::of(branch.id, hint + 1, hint + DEPTHS_PAST_HINT);
    match segments.first_mut() {
        Some(own) if own.branch == branch.id => own.to = past.to,
        _ => segments.insert(0, past),
    }
    let Some(mut found) = read_small(mongo, branch.chat, &segments, 1 + limit + DEPTHS_PAST_HINT).await?
    else {
        return Ok(None);
    };
    let head = found.messages.iter().map(|message| message.depth).max().unwrap_or_default();
    let depths = DepthRange::page(Order::Desc, head, None, limit);
    if let Some(depths) = depths {
        found.retain(depths);
    }
    // A message that is appended during the query can be in the result without the one before.
    let is_whole = i64::try_from(found.messages.len()) == Ok(depths.map_or(0, DepthRange::len));
    let is_head = hint <= head && head < past.to;
    Ok(Some((head, depths, found)).filter(|_| is_whole && is_head))
}

/// Reads any page of a line.
async fn read_any_page(
    mongo: &MongoEngine,
    request: &PageRequest,
    branch: &BranchDoc,
    via: Option<&BranchDoc>,
) -> Result<LineRead, Error> {
    let (order, limit) = (request.order, i64::try_from(request.limit).unwrap_or(i64::MAX));
    // The last depth of the page, and one more to see whether the line goes on, if that is told.
    let end = match (order, request.start_depth()) {
        (Order::Desc, None) => i64::MAX,
        (Order::Desc, Some(start)) if request.from_depth.is_some() => start.saturating_add(1),
        (Order::Desc, Some(start)) => start,
        (Order::Asc, start) => start.unwrap_or(1).saturating_add(limit),
    };
    let head = head_or_hint(mongo, branch, end).await?;
    let start = match request.start {
        None => branch.ancestry()?,
        Some(start) => starting_ancestry(mongo, start, (branch, head), via).await?,
    };
    let Some(depths) = DepthRange::page(order, head, request.start_depth(), limit) else {
        return Ok((head, None, MessagesWithForks::default()));
    };
    let segments = plan_page(mongo, start, depths.with_parent()).await?;
    let (depths, found) = read(mongo, branch.chat, &segments, depths, order).await?;
    Ok((head, Some(depths), found))
}

/// The head of a line, or its hint if that reaches this depth.
async fn head_or_hint(mongo: &MongoEngine, branch: &BranchDoc, depth: i64) -> Result<i64, Error> {
    if depth <= branch.head_depth {
        return Ok(branch.head_depth);
    }
    Ok(head(mongo, branch).await?.0)
}

/// The ancestry to begin at for a cursor: that of the branch it names, so that a deep page costs what the first does.
async fn starting_ancestry(
    mongo: &MongoEngine,
    start: Position,
    (branch, branch_head): (&BranchDoc, i64),
    via: Option<&BranchDoc>,
) -> Result<Ancestry, Error> {
    if start.depth < 1 || start.depth > branch_head {
        return Err(Error::BadCursor);
    }
    if start.via == branch.id {
        return branch.ancestry();
    }
    let via = via.ok_or(Error::BadCursor)?;
    if via.chat != branch.chat {
        // Whether it is alive does not matter: the line inherits from it.
        let (line, via) = (branch.ancestry()?, via.ancestry()?);
        let is_on_both = is_inherited_via(mongo, &line, &via, start).await?;
        return if is_on_both { Ok(via) } else { Err(Error::BadCursor) };
    }
    let via_head = head_or_hint(mongo, via, start.depth).await?;
    let (branch, via) = (branch.ancestry()?, via.ancestry()?);
    if is_on_line(&branch, &via, via_head, start) { Ok(via) } else { Err(Error::BadCursor) }
}
