//! A page of a line: find its segments, then read them, as far as they fit.

use super::documents::{BranchDoc, MessageDoc};
use super::heads::head;
use super::look_up::line;
use super::{Mongo, forks};
use crate::domain::{Ancestry, Order, PAGE_BYTES, Segment, Stretch, fitting};
use crate::error::Error;
use crate::store::lines::{begins_on, plan};
use crate::store::{Messages, PageRequest, Position};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;

pub(super) async fn page(mongo: &Mongo, request: &PageRequest) -> Result<Messages<Position>, Error> {
    let (branch, _) = line(mongo, request.owner, request.chat, request.branch).await?.both()?;
    let (head, _) = head(mongo, &branch).await?;
    let order = request.order;
    let start = match request.start {
        None => branch.ancestry()?,
        Some(start) => begin(mongo, request, &branch, head, start).await?,
    };
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let Some(stretch) = Stretch::page(order, head, request.start.map(|start| start.depth), limit) else {
        return Ok(Messages { items: Vec::new(), next: None });
    };
    let ranges = plan(mongo, start, stretch).await?;
    let (stretch, mut found) = read(mongo, &ranges, stretch, order).await?;
    match order {
        Order::Asc => found.sort_unstable_by_key(|message| message.depth),
        Order::Desc => found.sort_unstable_by_key(|message| std::cmp::Reverse(message.depth)),
    }
    let next = stretch.next(order, head).map(|depth| {
        let last = found.last().map_or(request.branch, |message| message.branch);
        // Downwards the last message's branch has all that comes next; upwards only the line's own has.
        Position { via: if order == Order::Desc { last } else { request.branch }, depth }
    });
    let ids: Vec<_> = found.iter().map(|message| message.id).collect();
    let mut forks = forks::of_messages(mongo, &ids).await?;
    let message = |message: MessageDoc| {
        let forks = forks.remove(&message.id).unwrap_or_default();
        message.into_message(forks)
    };
    Ok(Messages { items: found.into_iter().map(message).collect(), next })
}

/// Where to begin at a cursor: at the branch that it names, so that a deep page costs what the first does.
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
    let (via_head, _) = head(mongo, &via).await?;
    let (branch, via) = (branch.ancestry()?, via.ancestry()?);
    if begins_on(&branch, &via, via_head, start) { Ok(via) } else { Err(Error::BadCursor) }
}

/// Reads as many of these messages as fit in a page. Mostly all do, and are read in one query.
async fn read(
    mongo: &Mongo,
    ranges: &[Segment],
    stretch: Stretch,
    order: Order,
) -> Result<(Stretch, Vec<MessageDoc>), Error> {
    if let Some(all) = read_small(mongo, ranges, stretch).await? {
        check(all.len(), stretch)?;
        return Ok((stretch, all));
    }
    let sizes = sizes(mongo, ranges, order).await?;
    check(sizes.len(), stretch)?;
    let fitting = stretch.first(order, i64::try_from(fitting(sizes)).unwrap_or(i64::MAX));
    let ranges: Vec<_> = ranges.iter().filter_map(|range| range.within(fitting)).collect();
    let found: Vec<MessageDoc> = mongo.messages.find(lie_in(&ranges)).await?.try_collect().await?;
    check(found.len(), fitting)?;
    Ok((fitting, found))
}

/// The line has no gaps: where one is found, it was deleted while it was read.
fn check(found: usize, stretch: Stretch) -> Result<(), Error> {
    if i64::try_from(found) == Ok(stretch.len()) { Ok(()) } else { Err(Error::BranchNotFound) }
}

/// Reads all of these messages, or nothing if they do not fit in a page.
async fn read_small(
    mongo: &Mongo,
    ranges: &[Segment],
    stretch: Stretch,
) -> Result<Option<Vec<MessageDoc>>, Error> {
    // One more than there can be, so that the server need not be asked whether that was all.
    let batch = u32::try_from(stretch.len() + 1).unwrap_or(u32::MAX);
    let mut cursor = mongo.messages.find(lie_in(ranges)).batch_size(batch).await?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(message) = cursor.try_next().await? {
        bytes += message.text_bytes;
        if bytes > PAGE_BYTES {
            return Ok(None);
        }
        found.push(message);
    }
    Ok(Some(found))
}

/// What of a message tells whether it fits.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Size {
    depth: i64,
    text_bytes: i64,
}

/// The bytes of text of each message, in order.
async fn sizes(mongo: &Mongo, ranges: &[Segment], order: Order) -> Result<Vec<i64>, Error> {
    let typed = mongo.messages.clone_with_type::<Size>();
    let found = typed.find(lie_in(ranges));
    let found = found.projection(doc! {"_id": 0, "depth": 1, "text_bytes": 1});
    let mut sizes: Vec<Size> = found.await?.try_collect().await?;
    match order {
        Order::Asc => sizes.sort_unstable_by_key(|size| size.depth),
        Order::Desc => sizes.sort_unstable_by_key(|size| std::cmp::Reverse(size.depth)),
    }
    Ok(sizes.into_iter().map(|size| size.text_bytes).collect())
}

fn lie_in(ranges: &[Segment]) -> Document {
    let range = |range: &Segment| doc! {"branch": range.branch.to_string(), "depth": {"$gte": range.from, "$lte": range.to}};
    match ranges {
        [one] => range(one),
        ranges => doc! {"$or": ranges.iter().map(range).collect::<Vec<_>>()},
    }
}
