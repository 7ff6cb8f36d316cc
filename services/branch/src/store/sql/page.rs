//! A page of a line: plans its segments, reads the sizes, then the texts of as many messages as fit.

use super::ancestry_column::DecodedAncestry;
use super::conditions::LiesIn;
use super::engine::SqlEngine;
use super::message_forks;
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use crate::domain::{Ancestry, DepthRange, Order, Segment, count_fitting};
use crate::error::Error;
use crate::store::navigation::{MAX_ATTEMPTS_ON_ACTIVE_BRANCH, is_on_line, plan_page};
use crate::store::selection::text_bytes;
use crate::store::{LinePage, LineRequest, MessagePage, PageRequest, Position};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::ids::BranchId;
use shared_store::Store;
use shared_store::on;

impl SqlEngine {
    pub(crate) async fn read_page(&self, request: &LineRequest) -> Result<LinePage, Error> {
        let mut attempt = 1;
        loop {
            let page = request.page(&self.resolve(request.owner, request.target).await?.require()?)?;
            match self.read_page_of_branch(&page).await {
                Err(Error::BranchNotFound)
                    if request.names_no_branch() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                messages => return Ok(LineRequest::finish(&page, messages?)),
            }
        }
    }

    async fn read_page_of_branch(&self, request: &PageRequest) -> Result<MessagePage<Position>, Error> {
        let (line, head) =
            ancestry_and_head(&self.store, request, request.branch).await?.ok_or(Error::BranchNotFound)?;
        let start = match request.start {
            None => line,
            Some(start) => starting_ancestry(&self.store, request, line, head, start).await?,
        };
        let order = request.order;
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
        let Some(depths) = DepthRange::page(order, head, request.start.map(|start| start.depth), limit)
        else {
            return Ok(MessagePage { items: Vec::new(), next: None, memory: self.memory.reservation() });
        };
        let segments = plan_page(&self.store, start, depths).await?;
        let sizes = sizes(&self.store, &segments, order).await?;
        if i64::try_from(sizes.len()) != Ok(depths.len()) {
            // A line has no gaps: it was deleted during the read.
            return Err(Error::BranchNotFound);
        }
        let fitting = count_fitting(sizes.iter().copied());
        let depths = depths.first(order, i64::try_from(fitting).unwrap_or(i64::MAX));
        let bytes = text_bytes(sizes.into_iter().take(fitting));
        // Twice: the driver's buffers beside the rows, and later the written part of the answer beside the unwritten.
        let memory = self.memory.reserve(2 * bytes).await?;
        let rows = rows(&self.store, &segments, depths, order).await?;
        let next = depths.next(order, head).map(|depth| {
            let last = rows.last().map_or(request.branch, |row| row.branch_id);
            // Downwards the branch of the last message has all further depths; upwards only the line's own branch has.
            Position { via: if order == Order::Desc { last } else { request.branch }, depth }
        });
        let ids: Vec<_> = rows.iter().map(|row| row.response_id).collect();
        let mut forks = message_forks::of_messages(&self.store, &ids).await?;
        let message = |row: MessageRow| {
            let forks = forks.remove(&row.response_id).unwrap_or_default();
            row.into_message(request.chat, forks)
        };
        Ok(MessagePage { items: rows.into_iter().map(message).collect(), next, memory })
    }
}

/// The ancestry and the head of a branch of the chat that the caller can see.
async fn ancestry_and_head(
    store: &Store,
    request: &PageRequest,
    branch: BranchId,
) -> Result<Option<(Ancestry, i64)>, Error> {
    let line: Option<(DecodedAncestry, i64)> = on!(store, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(branches::branch_id.eq(branch).and(branches::root_chat_id.eq(request.chat)))
            .filter(branches::owner_id.eq(request.owner).and(branches::deleted_at.is_null()))
            .filter(TRUNKS.field(branches::deleted_at).is_null())
            .select((branches::ancestry, branches::head_depth))
            .first(c)
            .await
            .optional()
    })?;
    Ok(line.map(|(ancestry, head)| (ancestry.0, head)))
}

/// The ancestry to begin at for a cursor: that of the branch it names, so that a deep page costs what the first does.
async fn starting_ancestry(
    store: &Store,
    request: &PageRequest,
    line_of_branch: Ancestry,
    head: i64,
    start: Position,
) -> Result<Ancestry, Error> {
    if start.depth < 1 || start.depth > head {
        return Err(Error::BadCursor);
    }
    if start.via == request.branch {
        return Ok(line_of_branch);
    }
    let (via, via_head) = ancestry_and_head(store, request, start.via).await?.ok_or(Error::BadCursor)?;
    if !is_on_line(&line_of_branch, &via, via_head, start) {
        return Err(Error::BadCursor);
    }
    Ok(via)
}

/// The bytes of text of each message, in order.
async fn sizes(store: &Store, segments: &[Segment], order: Order) -> Result<Vec<i64>, Error> {
    let query = messages::table.filter(LiesIn::new(segments)).select((messages::depth, messages::text_bytes));
    let mut sizes: Vec<(i64, i64)> = on!(store, |c| query.load(c).await)?;
    sort(&mut sizes, order, |(depth, _)| *depth);
    Ok(sizes.into_iter().map(|(_, bytes)| bytes).collect())
}

async fn rows(
    store: &Store,
    segments: &[Segment],
    depths: DepthRange,
    order: Order,
) -> Result<Vec<MessageRow>, Error> {
    let segments: Vec<_> = segments.iter().filter_map(|segment| segment.intersection(depths)).collect();
    let mut rows: Vec<MessageRow> = on!(store, |c| {
        messages::table.filter(LiesIn::new(&segments)).select(MessageRow::as_select()).load(c).await
    })?;
    sort(&mut rows, order, |row| row.depth);
    Ok(rows)
}

fn sort<T>(rows: &mut [T], order: Order, depth: impl Fn(&T) -> i64) {
    match order {
        Order::Asc => rows.sort_unstable_by_key(depth),
        Order::Desc => rows.sort_unstable_by_key(|row| std::cmp::Reverse(depth(row))),
    }
}
