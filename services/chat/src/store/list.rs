//! Lists of chats.
//!
//! A page walks an index from its position on and leaves out what does not match. It ends early at 2,048 rows, or at 1 MiB of texts, so
//! that its cost depends neither on the number of chats nor on how many of them match.

use super::chats::Chat;
use super::schema::chats;
use crate::domain::{NamePart, Tag};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{ChatId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use shared_web::page::TimeKey;

/// The most rows of a statement. They are in memory together.
const MAX_ROWS_PER_STATEMENT: usize = 256;
/// The most rows that a page walks over.
const MAX_ROWS_PER_PAGE: usize = 2_048;
/// The most bytes of texts of a page: the chat that would exceed it starts the next page.
const MAX_PAGE_BYTES: usize = 1 << 20;

/// Which chats of a user; `None` leaves a condition out.
#[derive(Debug, Clone, Default)]
pub struct ChatFilter {
    /// Those that are active, or those that are not.
    pub active: Option<bool>,
    /// Those that are pinned, or those that are not.
    pub pinned: Option<bool>,
    /// Those with this tag.
    pub tag: Option<Tag>,
    /// Those whose name has this part.
    pub name_part: Option<NamePart>,
}

impl ChatFilter {
    /// Whether an index has the chats that match, and no others.
    fn is_indexed(&self) -> bool {
        let Self { active, pinned, tag, name_part } = self;
        let is_one_condition = pinned.is_none_or(|pinned| pinned && active.is_none());
        is_one_condition && tag.is_none() && name_part.is_none()
    }

    fn matches(&self, chat: &Chat) -> bool {
        let Self { active, pinned, tag, name_part } = self;
        active.is_none_or(|active| active == chat.active)
            && pinned.is_none_or(|pinned| pinned == chat.pinned)
            && tag.as_ref().is_none_or(|tag| chat.tags.contains(tag))
            && name_part.as_ref().is_none_or(|part| part.is_in(&chat.name))
    }
}

/// A request for a page of a user's chats.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// The user.
    pub owner: UserId,
    /// Which chats.
    pub filter: ChatFilter,
    /// The position after which the page begins.
    pub after: Option<TimeKey>,
    /// The most chats.
    pub limit: usize,
}

/// A page of a user's chats, newest first, and the position after which the next page begins.
pub async fn list_chats(
    store: &Store,
    request: ListRequest,
) -> Result<(Vec<Chat>, Option<TimeKey>), StoreError> {
    store.read(move |session| read_page(session, request).boxed()).await
}

async fn read_page(
    session: &mut Session,
    request: ListRequest,
) -> Result<(Vec<Chat>, Option<TimeKey>), StoreError> {
    let mut walk = Walk { position: request.after, rows: 0, bytes: 0, chats: Vec::new() };
    loop {
        let limit = walk.rows_to_read(&request);
        let rows = rows_after(session, &request, walk.position, limit).await?;
        let is_end = rows.len() < limit;
        for chat in rows {
            if !walk.pass(chat, &request) {
                return Ok((walk.chats, walk.position));
            }
        }
        if is_end {
            return Ok((walk.chats, None));
        }
    }
}

/// A walk over the rows of an index.
struct Walk {
    /// The position of the last row.
    position: Option<TimeKey>,
    rows: usize,
    /// The bytes of the texts of `chats`.
    bytes: usize,
    chats: Vec<Chat>,
}

impl Walk {
    /// The rows of the next statement: one more than the page has room for, if all of them match.
    fn rows_to_read(&self, request: &ListRequest) -> usize {
        let room = request.limit.saturating_sub(self.chats.len()).saturating_add(1);
        if request.filter.is_indexed() { room.min(MAX_ROWS_PER_STATEMENT) } else { MAX_ROWS_PER_STATEMENT }
    }

    /// Passes a row, and takes its chat if it matches. Returns false where the page ends before that row.
    fn pass(&mut self, chat: Chat, request: &ListRequest) -> bool {
        if self.rows == MAX_ROWS_PER_PAGE {
            return false;
        }
        let position = position_of(&chat);
        if request.filter.matches(&chat) {
            let bytes = self.bytes.saturating_add(chat.text_bytes());
            let is_full = self.chats.len() == request.limit || bytes > MAX_PAGE_BYTES;
            if is_full && !self.chats.is_empty() {
                return false;
            }
            self.bytes = bytes;
            self.chats.push(chat);
        }
        self.rows += 1;
        self.position = Some(position);
        true
    }
}

fn position_of(chat: &Chat) -> TimeKey {
    TimeKey { created_at: chat.created_at, id: chat.id.as_uuid() }
}

async fn rows_after(
    session: &mut Session,
    request: &ListRequest,
    after: Option<TimeKey>,
    limit: usize,
) -> Result<Vec<Chat>, StoreError> {
    let ChatFilter { active, pinned, .. } = request.filter;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    on!(session, |c| {
        let owned = chats::account_id.eq(request.owner).and(chats::deleted_at.is_null());
        let newest_first = (chats::created_at.desc(), chats::id.desc());
        let mut list = chats::table.filter(owned).order(newest_first).into_boxed();
        // There is an index of the pinned chats, and one for each value of `active`.
        if pinned == Some(true) {
            list = list.filter(chats::pinned);
        } else if let Some(active) = active {
            list = list.filter(chats::active.eq(active));
        }
        if let Some(TimeKey { created_at, id }) = after {
            let older = chats::created_at.lt(created_at).or(chats::id.lt(ChatId::from(id)));
            // The bound by itself lets the index be used.
            list = list.filter(chats::created_at.le(created_at).and(older));
        }
        list.limit(limit).select(Chat::as_select()).load(c).await
    })
}
