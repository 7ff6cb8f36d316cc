//! Lists of chats.
//!
//! A page walks an index from its position on and leaves out what does not match. It ends early at 2,048 rows, or at 1 MiB of texts, so
//! that its cost depends neither on the number of chats nor on how many of them match.

use super::chats::Chat;
use super::first_time::first_time;
use super::schema::chats;
use crate::domain::{ChatOrder, NamePart};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared::tags::Tag;
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};

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

/// The position of a chat in a list: the time by which that is ordered, and the id, which breaks ties.
#[derive(Debug, Clone, Copy)]
pub struct ChatPosition {
    /// The time.
    pub time: Timestamp,
    /// The chat.
    pub id: ChatId,
}

/// A request for a page of a user's chats.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// The user.
    pub owner: UserId,
    /// Which chats.
    pub filter: ChatFilter,
    /// Their order.
    pub order: ChatOrder,
    /// The position after which the page begins.
    pub after: Option<ChatPosition>,
    /// The most chats.
    pub limit: usize,
}

/// A page of a user's chats, newest first, and the position after which the next page begins.
pub async fn list_chats(
    store: &Store,
    request: ListRequest,
) -> Result<(Vec<Chat>, Option<ChatPosition>), StoreError> {
    store.read(move |session| read_page(session, request).boxed()).await
}

async fn read_page(
    session: &mut Session,
    request: ListRequest,
) -> Result<(Vec<Chat>, Option<ChatPosition>), StoreError> {
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
    position: Option<ChatPosition>,
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
        let position = position_of(&chat, request.order);
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

fn position_of(chat: &Chat, order: ChatOrder) -> ChatPosition {
    let said_at = chat.last_message_at.filter(|_| order == ChatOrder::Activity);
    ChatPosition { time: said_at.unwrap_or(chat.created_at), id: chat.id }
}

async fn rows_after(
    session: &mut Session,
    request: &ListRequest,
    after: Option<ChatPosition>,
    limit: usize,
) -> Result<Vec<Chat>, StoreError> {
    let ChatFilter { active, pinned, .. } = request.filter;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    on!(session, |c| {
        let owned = chats::account_id.eq(request.owner).and(chats::deleted_at.is_null());
        let active_at = first_time(chats::last_message_at, chats::created_at);
        let mut list = chats::table.filter(owned).into_boxed();
        list = match request.order {
            ChatOrder::Created => list.order((chats::created_at.desc(), chats::id.desc())),
            ChatOrder::Activity => list.order((active_at.desc(), chats::id.desc())),
        };
        // There is an index of the pinned chats, and one for each value of `active`.
        if pinned == Some(true) {
            list = list.filter(chats::pinned);
        } else if let Some(active) = active {
            list = list.filter(chats::active.eq(active));
        }
        // The bound by itself lets the index be used.
        if let Some(ChatPosition { time, id }) = after {
            let has_lower_id = chats::id.lt(id);
            list = match request.order {
                ChatOrder::Created => {
                    let older = chats::created_at.lt(time).or(has_lower_id);
                    list.filter(chats::created_at.le(time).and(older))
                }
                ChatOrder::Activity => {
                    list.filter(active_at.le(time).and(active_at.lt(time).or(has_lower_id)))
                }
            };
        }
        list.limit(limit).select(Chat::as_select()).load(c).await
    })
}

#[cfg(test)]
mod tests {
    use super::super::activity::record_activity;
    use super::super::chats::{ChatChanges, update_chat};
    use super::super::create_chat::create_chat;
    use super::super::migrations;
    use super::*;
    use crate::domain::{ChatType, Name};
    use shared::chat_activity::ChatActivity;
    use shared::clock::Clock;
    use shared::idempotency::RETENTION;
    use shared::validation::TextField as _;
    use shared_test_kit::TestDatabase;
    use std::time::Duration;

    const MANY: u32 = 12;

    /// The numbers of the chats of a list, page by page.
    async fn walk(store: &Store, request: &ListRequest) -> Vec<String> {
        let (mut names, mut request) = (Vec::new(), request.clone());
        loop {
            let (chats, next) = list_chats(store, request.clone()).await.unwrap();
            assert!(chats.len() <= request.limit);
            names.extend(chats.into_iter().map(|chat| chat.name));
            request.after = match next {
                Some(next) => Some(next),
                None => return names,
            };
        }
    }

    /// Chats 0 to 11, of which even ones are archived, those with a 1 are pinned, and each third one was active after all were created.
    async fn make_chats(store: &Store, owner: UserId, clock: &Clock) {
        let mut reports = Vec::new();
        for number in 0..MANY {
            let name = Name::parse(number.to_string()).unwrap();
            let chat = Chat::new(owner, name, ChatType::Personal, None, clock.now());
            let is_pinned = chat.name.contains('1');
            let changes = ChatChanges {
                name: None,
                chat_type: None,
                active: Some(number % 2 > 0),
                pinned: Some(is_pinned),
                tags: None,
                settings: None,
            };
            let id = create_chat(store, chat, RETENTION).await.unwrap().object.id;
            update_chat(store, owner, id, changes, clock).await.unwrap();
            let said_at = clock.now().plus(Duration::from_secs(3600));
            reports.push(ChatActivity {
                chat_id: id,
                version: 1,
                active_branch_id: id.trunk(),
                message_count: 1,
                last_message_at: (number % 3 == 0).then_some(said_at),
                changed_at: said_at,
            });
            clock.advance(Duration::from_secs(1));
        }
        record_activity(store, reports).await.unwrap();
    }

    #[tokio::test]
    async fn a_list_by_activity_begins_with_the_chat_in_which_something_was_said_last() {
        let (database, clock, owner) = (TestDatabase::create().await, Clock::manual(), UserId::generate());
        let url = database.url("chat");
        let store = Store::open(&url, "chat", migrations(), Duration::from_secs(10)).await.unwrap();
        make_chats(&store, owner, &clock).await;
        make_chats(&store, UserId::generate(), &clock).await;
        let by_activity = [9, 6, 3, 0, 11, 10, 8, 7, 5, 4, 2, 1];
        for active in [None, Some(true), Some(false)] {
            for pinned in [None, Some(true), Some(false)] {
                let matches = |number: &&i32| {
                    active.is_none_or(|active| active == (**number % 2 > 0))
                        && pinned.is_none_or(|pinned| pinned == [1, 10, 11].contains(*number))
                };
                let expected: Vec<_> = by_activity.iter().filter(matches).map(ToString::to_string).collect();
                for limit in [1, 5, 12] {
                    let filter = ChatFilter { active, pinned, ..ChatFilter::default() };
                    let request =
                        ListRequest { owner, filter, order: ChatOrder::Activity, after: None, limit };
                    assert_eq!(walk(&store, &request).await, expected, "{request:?}");
                }
            }
        }
    }
}
