//! A page of a line: plans its segments, reads the sizes, then the texts of as many messages as fit.

use super::ancestry_column::DecodedAncestry;
use super::conditions::LineOf;
use super::engine::SqlEngine;
use super::lookup::look_up;
use super::message_forks;
use super::messages_in::messages_in;
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use super::versions;
use crate::domain::{Ancestry, DepthRange, Order, Segment, count_fitting};
use crate::error::Error;
use crate::store::inherited_line::InheritedLine;
use crate::store::navigation::{
    MAX_ATTEMPTS_ON_ACTIVE_BRANCH, is_inherited_via, is_on_line, plan_page, positions_beside,
};
use crate::store::selection::text_bytes;
use crate::store::{LinePage, LineRequest, MessagePage, PageRequest, Position, ResolvedId};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{BranchId, ChatId};
use shared_store::{RunQueryDsl, Session, on};
use shared_web::body_limits::Reservation;

/// A page that is planned: the texts of these depths are to be read.
#[derive(Debug)]
struct PlannedPage {
    request: PageRequest,
    /// The line that the chat inherits from another.
    inherited: InheritedLine,
    head: i64,
    segments: Vec<Segment>,
    /// None if no message lies there.
    depths: Option<DepthRange>,
    text_bytes: usize,
}

/// A page, or a plan whose memory is not free yet.
enum ReadPage {
    Read(MessagePage<Position>),
    OutOfMemory(PlannedPage),
}

impl SqlEngine {
    pub(crate) async fn read_page(&self, request: &LineRequest) -> Result<LinePage, Error> {
        let mut attempt = 1;
        loop {
            match self.read_page_once(*request).await {
                Err(Error::BranchNotFound)
                    if request.names_no_branch() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                page => return page,
            }
        }
    }

    async fn read_page_once(&self, request: LineRequest) -> Result<LinePage, Error> {
        let memory = self.memory.reservation();
        let (page, read) =
            self.store.read(move |session| plan_and_read(session, request, memory).boxed()).await?;
        let messages = match read {
            ReadPage::Read(messages) => messages,
            ReadPage::OutOfMemory(plan) => {
                let memory = self.memory.reserve(plan.memory_bytes()).await?;
                self.store.read(|session| async move { plan.read(session, memory).await }.boxed()).await?
            }
        };
        Ok(LineRequest::finish(&page, messages))
    }
}

/// Reads a page, if the memory for it is free now.
async fn plan_and_read(
    session: &mut Session,
    request: LineRequest,
    mut memory: Reservation,
) -> Result<(PageRequest, ReadPage), Error> {
    let plan = plan(session, &request).await?;
    let page = plan.request;
    if memory.try_grow_to(plan.memory_bytes()).is_err() {
        return Ok((page, ReadPage::OutOfMemory(plan)));
    }
    Ok((page, ReadPage::Read(plan.read(session, memory).await?)))
}

impl PlannedPage {
    /// Twice the texts: the driver's buffers beside the rows, and later the written part of the answer beside the unwritten.
    const fn memory_bytes(&self) -> usize {
        2 * self.text_bytes
    }

    async fn read(self, session: &mut Session, memory: Reservation) -> Result<MessagePage<Position>, Error> {
        let Self { request, inherited, head, segments, depths, .. } = self;
        let rows = match depths {
            Some(depths) => rows(session, &segments, depths, request.order).await?,
            None => Vec::new(),
        };
        let oldest = rows.iter().min_by_key(|row| row.depth).map(|row| row.branch_id);
        let (next, previous) = positions_beside(&request, head, depths, oldest);
        // The parent of the page's first message is the only one that is not on the page.
        let before = rows.iter().min_by_key(|row| row.depth).and_then(|row| row.parent_response_id);
        let ids = rows.iter().map(|row| row.response_id).chain(before);
        let mut forks = message_forks::of_messages(session, ids.map(|id| (id, request.chat))).await?;
        let siblings = rows.iter().map(|row| row.sibling(request.chat));
        let versions = versions::of_messages(session, siblings, &forks, Some(&inherited)).await?;
        let message = |row: MessageRow| {
            let forks = forks.remove(&(row.response_id, request.chat)).unwrap_or_default();
            let version = versions.get(&row.response_id).copied();
            row.into_message(request.chat, forks).with_version(version).read_on(request.branch)
        };
        Ok(MessagePage { items: rows.into_iter().map(message).collect(), next, previous, memory })
    }
}

/// Finds the line, and the messages of the page whose texts fit.
async fn plan(session: &mut Session, request: &LineRequest) -> Result<PlannedPage, Error> {
    let Line { request, inherited, ancestry: line, head } = line(session, request).await?;
    let (start, order) = (request.start, request.order);
    let start_ancestry = match start {
        None => line,
        Some(start) => starting_ancestry(session, &request, line, head, start).await?,
    };
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let depths = DepthRange::page(order, head, request.start_depth(), limit);
    let Some(depths) = depths else {
        return Ok(PlannedPage { request, inherited, head, segments: Vec::new(), depths, text_bytes: 0 });
    };
    let segments = plan_page(&mut *session, start_ancestry, depths).await?;
    let sizes = sizes(session, &segments, order).await?;
    if i64::try_from(sizes.len()) != Ok(depths.len()) {
        // A line has no gaps: it was deleted during the read.
        return Err(Error::BranchNotFound);
    }
    let fitting = count_fitting(sizes.iter().copied());
    let depths = depths.first(order, i64::try_from(fitting).unwrap_or(i64::MAX));
    let text_bytes = text_bytes(sizes.into_iter().take(fitting));
    Ok(PlannedPage { request, inherited, head, segments, depths: Some(depths), text_bytes })
}

/// A line that the caller can see.
struct Line {
    request: PageRequest,
    inherited: InheritedLine,
    ancestry: Ancestry,
    head: i64,
}

/// A branch, and the ancestry of its chat's trunk.
type LineRow = (BranchId, ChatId, DecodedAncestry, i64, DecodedAncestry, bool);

async fn line(session: &mut Session, request: &LineRequest) -> Result<Line, Error> {
    let &LineRequest { owner, target, .. } = request;
    let named = request.branch.or(request.start.map(|start| start.branch));
    let line = LineOf { owner, target, named };
    let found: Option<LineRow> = on!(session, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(branches::branch_id.eq(line))
            .select((
                branches::branch_id,
                branches::root_chat_id,
                branches::ancestry,
                branches::head_depth,
                TRUNKS.field(branches::ancestry),
                branches::deleted_at.is_null(),
            ))
            .first(c)
            .await
            .optional()
    })?;
    let Some((active, chat, DecodedAncestry(ancestry), head, DecodedAncestry(trunk), true)) = found else {
        let target = look_up(session, owner, target).await?.require()?;
        // A cursor of another chat is told first.
        request.page(&ResolvedId::from(&target))?;
        return Err(Error::BranchNotFound);
    };
    let request = request.page(&ResolvedId { chat, branch: target, active })?;
    Ok(Line { request, inherited: InheritedLine::of(chat, trunk), ancestry, head })
}

/// The ancestry to begin at for a cursor: that of the branch it names, so that a deep page costs what the first does.
async fn starting_ancestry(
    session: &mut Session,
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
    let via: Option<(DecodedAncestry, i64, ChatId, bool)> = on!(session, |c| {
        branches::table
            .find(start.via)
            .filter(branches::owner_id.eq(request.owner))
            .select((
                branches::ancestry,
                branches::head_depth,
                branches::root_chat_id,
                branches::deleted_at.is_null(),
            ))
            .first(c)
            .await
            .optional()
    })?;
    let Some((DecodedAncestry(via), via_head, chat, lives)) = via else { return Err(Error::BadCursor) };
    // Messages that another chat has deleted are kept for this one.
    let is_on_line = if chat == request.chat {
        lives && is_on_line(&line_of_branch, &via, via_head, start)
    } else {
        is_inherited_via(session, &line_of_branch, &via, start).await?
    };
    if is_on_line { Ok(via) } else { Err(Error::BadCursor) }
}

/// The bytes of text of each message, in order.
async fn sizes(session: &mut Session, segments: &[Segment], order: Order) -> Result<Vec<i64>, Error> {
    let query = messages_in(segments, (messages::depth, messages::text_bytes));
    let mut sizes: Vec<(i64, i64)> = on!(session, |c| query.load(c).await)?;
    sort(&mut sizes, order, |(depth, _)| *depth);
    Ok(sizes.into_iter().map(|(_, bytes)| bytes).collect())
}

async fn rows(
    session: &mut Session,
    segments: &[Segment],
    depths: DepthRange,
    order: Order,
) -> Result<Vec<MessageRow>, Error> {
    let segments: Vec<_> = segments.iter().filter_map(|segment| segment.intersection(depths)).collect();
    let mut rows: Vec<MessageRow> =
        on!(session, |c| messages_in(&segments, MessageRow::as_select()).load(c).await)?;
    sort(&mut rows, order, |row| row.depth);
    Ok(rows)
}

fn sort<T>(rows: &mut [T], order: Order, depth: impl Fn(&T) -> i64) {
    match order {
        Order::Asc => rows.sort_unstable_by_key(depth),
        Order::Desc => rows.sort_unstable_by_key(|row| std::cmp::Reverse(depth(row))),
    }
}
