//! The list of deleted chats that can be restored.

use super::rows_of_page;
use super::schema::chats;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ChatId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use shared_web::page::TimeKey;

/// A deleted chat.
#[derive(Debug, Clone, Queryable)]
pub struct DeletedChat {
    /// The chat.
    pub id: ChatId,
    /// Its name.
    pub name: String,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be restored.
    pub purge_at: Timestamp,
}

/// The deleted chats of a user that can be restored now, those first that were deleted last: up to `limit` and one more.
pub async fn list_deleted_chats(
    store: &Store,
    owner: UserId,
    after: Option<TimeKey>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<DeletedChat>, StoreError> {
    store.read(move |session| page_of_owner(session, owner, after, limit, now).boxed()).await
}

async fn page_of_owner(
    session: &mut Session,
    owner: UserId,
    after: Option<TimeKey>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<DeletedChat>, StoreError> {
    on!(session, |c| {
        let mut list = chats::table
            .filter(chats::account_id.eq(owner).and(chats::purge_at.is_not_null()))
            .filter(chats::purge_at.gt(now))
            .order((chats::deleted_at.desc(), chats::id.desc()))
            .into_boxed();
        if let Some(TimeKey { created_at: deleted_at, id }) = after {
            let older = chats::deleted_at.lt(deleted_at).or(chats::id.lt(ChatId::from(id)));
            // The bound by itself lets the index be used.
            list = list.filter(chats::deleted_at.le(deleted_at)).filter(older.assume_not_null());
        }
        let columns =
            (chats::id, chats::name, chats::deleted_at.assume_not_null(), chats::purge_at.assume_not_null());
        list.limit(rows_of_page(limit)).select(columns).load(c).await
    })
}
