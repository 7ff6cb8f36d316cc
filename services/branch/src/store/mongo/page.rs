//! A page of a line: find its segments, then read them, as far as they fit.

use super::documents::{BranchDoc, MessageDoc};
use super::fields::texts;
use super::heads::head;
use super::look_up::line;
use super::{Mongo, forks};
use crate::domain::{Ancestry, Order, PAGE_BYTES, Segment, Stretch, fitting};
use crate::error::Error;
use crate::store::lines::{begins_on, plan};
use crate::store::{Messages, PageRequest, Position};
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::Collection;
use mongodb::action::{Action as _, Find};
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How many depths past the hint of a head are read with the newest page.
const AHEAD: i64 = 32;
/// How many ranges are read in one query.
const PART: usize = 16;

pub(super) async fn page(mongo: &Mongo, request: &PageRequest) -> Result<Messages<Position>, Error> {
    let (branch, _) = line(mongo, request.owner, request.chat, request.branch).await?.both()?;
    let (order, limit) = (request.order, i64::try_from(request.limit).unwrap_or(i64::MAX));
    let newest = match (order, request.start) {
        (Order::Desc, None) => newest(mongo, &branch, limit).await?,
        _ => None,
    };
    let (head, stretch, mut found) = match newest {
        Some(newest) => newest,
        None => somewhere(mongo, request, &branch, limit).await?,
    };
    match order {
        Order::Asc => found.sort_unstable_by_key(|message| message.depth),
        Order::Desc => found.sort_unstable_by_key(|message| std::cmp::Reverse(message.depth)),
    }
    let next = stretch.and_then(|stretch| stretch.next(order, head)).map(|depth| {
        let last = found.last().map_or(request.branch, |message| message.branch);
        // Downwards the last message's branch has all that comes next; upwards only the line's own has.
        Position { via: if order == Order::Desc { last } else { request.branch }, depth }
    });
    let mut forks = forks::of_messages(mongo, &found).await?;
    let message = |message: MessageDoc| {
        let forks = forks.remove(&message.id).unwrap_or_default();
        message.into_message(forks)
    };
    Ok(Messages { items: found.into_iter().map(message).collect(), next })
}

/// The head of a line as far as it was looked for, which depths were read, if there are any, and their messages.
type Read = (i64, Option<Stretch>, Vec<MessageDoc>);

/// Reads the newest page of a line in one query with what lies past the hint of its head. `None` if that cannot be:
/// the hint is too far behind, the texts are too large, or somebody appends.
async fn newest(mongo: &Mongo, branch: &BranchDoc, limit: i64) -> Result<Option<Read>, Error> {
    let hint = branch.head_depth;
    let mut ranges = match Stretch::page(Order::Desc, hint, None, limit) {
        Some(stretch) => plan(mongo, branch.ancestry()?, stretch).await?,
        None => Vec::new(),
    };
    let past = Segment::of(branch.id, hint + 1, hint + AHEAD);
    match ranges.first_mut() {
        Some(own) if own.branch == branch.id => own.to = past.to,
        _ => ranges.insert(0, past),
    }
    let Some(mut found) = read_small(mongo, &ranges, limit + AHEAD).await? else { return Ok(None) };
    let head = found.iter().map(|message| message.depth).max().unwrap_or_default();
    let stretch = Stretch::page(Order::Desc, head, None, limit);
    found.retain(|message| stretch.is_some_and(|stretch| stretch.from <= message.depth));
    // A message that was appended during the query can be in it without the one before.
    let is_whole = i64::try_from(found.len()) == Ok(stretch.map_or(0, Stretch::len));
    let is_head = hint <= head && head < past.to;
    Ok(Some((head, stretch, found)).filter(|_| is_whole && is_head))
}

/// Reads any page of a line.
async fn somewhere(
    mongo: &Mongo,
    request: &PageRequest,
    branch: &BranchDoc,
    limit: i64,
) -> Result<Read, Error> {
    let order = request.order;
    // Up to here, and one more, to tell whether the line goes on.
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
    let Some(stretch) = Stretch::page(order, head, request.start.map(|start| start.depth), limit) else {
        return Ok((head, None, Vec::new()));
    };
    let ranges = plan(mongo, start, stretch).await?;
    let (stretch, found) = read(mongo, &ranges, stretch, order).await?;
    Ok((head, Some(stretch), found))
}

/// The head of a line: its hint, if that reaches as far as this.
async fn head_from(mongo: &Mongo, branch: &BranchDoc, depth: i64) -> Result<i64, Error> {
    if depth <= branch.head_depth {
        return Ok(branch.head_depth);
    }
    Ok(head(mongo, branch).await?.0)
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
    let via_head = head_from(mongo, &via, start.depth).await?;
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
    if let Some(all) = read_small(mongo, ranges, stretch.len()).await? {
        check(all.len(), stretch)?;
        return Ok((stretch, all));
    }
    let sizes = sizes(mongo, ranges, order).await?;
    check(sizes.len(), stretch)?;
    let fitting = stretch.first(order, i64::try_from(fitting(sizes)).unwrap_or(i64::MAX));
    let ranges: Vec<_> = ranges.iter().filter_map(|range| range.within(fitting)).collect();
    let found = all(&mongo.messages, &ranges, None).await?;
    check(found.len(), fitting)?;
    Ok((fitting, found))
}

/// The line has no gaps: where one is found, it was deleted while it was read.
fn check(found: usize, stretch: Stretch) -> Result<(), Error> {
    if i64::try_from(found) == Ok(stretch.len()) { Ok(()) } else { Err(Error::BranchNotFound) }
}

/// Reads all of these messages, of which there are at most so many, or nothing if they do not fit in a page.
async fn read_small(mongo: &Mongo, ranges: &[Segment], most: i64) -> Result<Option<Vec<MessageDoc>>, Error> {
    let parts = filters(ranges).into_iter().map(|filter| read_part(mongo, filter, most));
    let parts: Option<Vec<_>> = try_join_all(parts).await?.into_iter().collect();
    let found = parts.map(|parts| parts.into_iter().flatten().collect::<Vec<_>>());
    Ok(found.filter(|found| found.iter().map(|message| message.text_bytes).sum::<i64>() <= PAGE_BYTES))
}

async fn read_part(mongo: &Mongo, filter: Document, most: i64) -> Result<Option<Vec<MessageDoc>>, Error> {
    // One more than there can be, so that the server need not be asked whether that was all.
    let batch = u32::try_from(most + 1).unwrap_or(u32::MAX);
    let mut cursor = mongo.messages.find(filter).batch_size(batch).await?;
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
    let fields = doc! {"_id": 0, "depth": 1, "text_bytes": 1};
    let mut sizes: Vec<Size> = all(&mongo.messages.clone_with_type(), ranges, Some(fields)).await?;
    match order {
        Order::Asc => sizes.sort_unstable_by_key(|size| size.depth),
        Order::Desc => sizes.sort_unstable_by_key(|size| std::cmp::Reverse(size.depth)),
    }
    Ok(sizes.into_iter().map(|size| size.text_bytes).collect())
}

/// These fields of all of these messages.
async fn all<T>(
    messages: &Collection<T>,
    ranges: &[Segment],
    fields: Option<Document>,
) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Unpin + Send + Sync,
{
    let mut found = Vec::new();
    for filter in filters(ranges) {
        let part = messages.find(filter).optional(fields.clone(), Find::projection).await?;
        found.extend(part.try_collect::<Vec<_>>().await?);
    }
    Ok(found)
}

/// What together finds all of these messages: those whose ids are known by these, and the others by their ranges, not
/// too many in one query.
fn filters(ranges: &[Segment]) -> Vec<Document> {
    let known: Vec<_> = ranges.iter().filter_map(|range| range.only).collect();
    let others: Vec<_> = ranges.iter().filter(|range| range.only.is_none()).map(lies_in).collect();
    let others = others.chunks(PART).map(|part| match part {
        [one] => one.clone(),
        part => doc! {"$or": part},
    });
    let known =
        Some(known).filter(|known| !known.is_empty()).map(|known| doc! {"_id": {"$in": texts(known)}});
    known.into_iter().chain(others).collect()
}

fn lies_in(range: &Segment) -> Document {
    doc! {"branch": range.branch.to_string(), "depth": {"$gte": range.from, "$lte": range.to}}
}
