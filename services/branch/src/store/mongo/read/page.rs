//! A page of a line: plans its ranges, then reads them as far as they fit.

use crate::domain::{Ancestry, DepthRange, Order, Segment};
use crate::error::Error;
use crate::store::mongo::content::Mongo;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::read::head::head;
use crate::store::mongo::read::lookup::line;
use crate::store::mongo::read::message_forks;
use crate::store::mongo::read::segments::{Found, read, read_small};
use crate::store::navigation::{begins_on, plan};
use crate::store::selection::text_bytes;
use crate::store::{MessagePage, PageRequest, Position};

/// Depths past the hint of the head that are read with the newest page.
const DEPTHS_PAST_HINT: i64 = 32;

impl Mongo {
    pub(crate) async fn page(&self, request: &PageRequest) -> Result<MessagePage<Position>, Error> {
        let (branch, _) = line(self, request.owner, request.chat, request.branch).await?.both()?;
        let (order, limit) = (request.order, i64::try_from(request.limit).unwrap_or(i64::MAX));
        let newest = match (order, request.start) {
            (Order::Desc, None) => newest(self, &branch, limit).await?,
            _ => None,
        };
        let (head, stretch, Found { messages: mut found, forks }) = match newest {
            Some(newest) => newest,
            None => somewhere(self, request, &branch, limit).await?,
        };
        match order {
            Order::Asc => found.sort_unstable_by_key(|message| message.depth),
            Order::Desc => found.sort_unstable_by_key(|message| std::cmp::Reverse(message.depth)),
        }
        let next = stretch.and_then(|stretch| stretch.next(order, head)).map(|depth| {
            let last = found.last().map_or(request.branch, |message| message.branch);
            // Downwards the branch of the last message has all further depths; upwards only the line's own branch has.
            Position { via: if order == Order::Desc { last } else { request.branch }, depth }
        });
        // The size is known only after the read.
        let bytes = text_bytes(found.iter().map(|message| message.text_bytes));
        let memory = self.memory.reserve(2 * bytes).await?;
        let mut forks = message_forks::of_messages(self, &found, forks).await?;
        let message = |message: MessageDoc| {
            let forks = forks.remove(&message.id).unwrap_or_default();
            message.into_message(forks)
        };
        Ok(MessagePage { items: found.into_iter().map(message).collect(), next, memory })
    }
}

/// The head as far as it was searched, the depths that were read, and the messages.
type LineRead = (i64, Option<DepthRange>, Found);

/// Reads the newest page of a line in one query, together with the depths past the hint of its head. `None` if the hint is
/// too far behind, the texts are too large, or an append interferes.
async fn newest(mongo: &Mongo, branch: &BranchDoc, limit: i64) -> Result<Option<LineRead>, Error> {
    let hint = branch.head_depth;
    let mut ranges = match DepthRange::page(Order::Desc, hint, None, limit) {
        Some(stretch) => plan(mongo, branch.ancestry()?, stretch).await?,
        None => Vec::new(),
    };
    let past = Segment::of(branch.id, hint + 1, hint + DEPTHS_PAST_HINT);
    match ranges.first_mut() {
        Some(own) if own.branch == branch.id => own.to = past.to,
        _ => ranges.insert(0, past),
    }
    let Some(mut found) = read_small(mongo, &ranges, limit + DEPTHS_PAST_HINT).await? else {
        return Ok(None);
    };
    let head = found.messages.iter().map(|message| message.depth).max().unwrap_or_default();
    let stretch = DepthRange::page(Order::Desc, head, None, limit);
    found.messages.retain(|message| stretch.is_some_and(|stretch| stretch.from <= message.depth));
    // A message that is appended during the query can be in the result without the one before.
    let is_whole = i64::try_from(found.messages.len()) == Ok(stretch.map_or(0, DepthRange::len));
    let is_head = hint <= head && head < past.to;
    Ok(Some((head, stretch, found)).filter(|_| is_whole && is_head))
}

/// Reads any page of a line.
async fn somewhere(
    mongo: &Mongo,
    request: &PageRequest,
    branch: &BranchDoc,
    limit: i64,
) -> Result<LineRead, Error> {
    let order = request.order;
    // The last depth of the page, and one more to see whether the line goes on.
    let end = match (order, request.start) {
        (Order::Desc, None) => i64::MAX,
        (Order::Desc, Some(start)) => start.depth,
        (Order::Asc, start) => start.map_or(1, |start| start.depth).saturating_add(limit),
    };
    let head = head_from(mongo, branch, end).await?;
    let start = match request.start {
        None => branch.ancestry()?,
        Some(start) => begin(mongo, request, branch, head, start).await?,
    };
    let Some(stretch) = DepthRange::page(order, head, request.start.map(|start| start.depth), limit) else {
        return Ok((head, None, Found::default()));
    };
    let ranges = plan(mongo, start, stretch).await?;
    let (stretch, found) = read(mongo, &ranges, stretch, order).await?;
    Ok((head, Some(stretch), found))
}

/// The head of a line, or its hint if that reaches this depth.
async fn head_from(mongo: &Mongo, branch: &BranchDoc, depth: i64) -> Result<i64, Error> {
    if depth <= branch.head_depth {
        return Ok(branch.head_depth);
    }
    Ok(head(mongo, branch).await?.0)
}

/// The ancestry to begin at for a cursor: that of the branch it names, so that a deep page costs what the first does.
async fn begin(
    mongo: &Mongo,
    request: &PageRequest,
    branch: &BranchDoc,
    branch_head: i64,
    start: Position,
) -> Result<Ancestry, Error> {
    if start.depth < 1 || start.depth > branch_head {
        return Err(Error::BadCursor);
    }
    if start.via == request.branch {
        return branch.ancestry();
    }
    let via = line(mongo, request.owner, request.chat, start.via).await?.branch.ok_or(Error::BadCursor)?;
    let via_head = head_from(mongo, &via, start.depth).await?;
    let (branch, via) = (branch.ancestry()?, via.ancestry()?);
    if begins_on(&branch, &via, via_head, start) { Ok(via) } else { Err(Error::BadCursor) }
}
