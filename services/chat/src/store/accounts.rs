//! Deleted accounts.

use super::schema::deleted_accounts;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::ids::UserId;
use shared_store::{Store, StoreError};
use shared_store::{on, tx};

/// Accounts of one poll.
const MAX_ACCOUNTS_PER_POLL: i64 = 100;

/// A row of `deleted_accounts`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deleted_accounts, treat_none_as_null = true)]
pub struct DeletedAccount {
    /// The account.
    pub account_id: UserId,
    /// Until when one of its tokens may be valid.
    pub until: Timestamp,
    /// When the second pass is due; none once it is done.
    pub second_pass_at: Option<Timestamp>,
    /// The id of the request that deleted it.
    pub request_id: String,
}

/// Records a deleted account, anew if it was recorded before, and returns its row.
///
/// Its times follow from `now`, which is read under the lock: counted from before the wait for the lock, the second pass
/// would come too early for chats that were being created until then.
pub async fn remember_account(
    store: &Store,
    id: UserId,
    clock: &Clock,
    account: impl Fn(Timestamp) -> DeletedAccount + Sync,
) -> Result<DeletedAccount, StoreError> {
    tx!(store, |c| {
        let lock = diesel::update(deleted_accounts::table.find(id));
        lock.set(deleted_accounts::until.eq(deleted_accounts::until)).execute(c).await?;
        let account = account(clock.now());
        let insert = diesel::insert_into(deleted_accounts::table).values(&account);
        insert.on_conflict(deleted_accounts::account_id).do_update().set(&account).execute(c).await?;
        Ok(account)
    })
}

/// Whether an account is deleted, as long as its tokens may be valid.
pub async fn is_account_deleted(store: &Store, account: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let remembered = deleted_accounts::table.find(account).filter(deleted_accounts::until.gt(now));
    let remembered: i64 = on!(store, |c| remembered.count().get_result(c).await)?;
    Ok(remembered > 0)
}

/// Accounts whose second pass is due.
pub async fn accounts_due(store: &Store, now: Timestamp) -> Result<Vec<DeletedAccount>, StoreError> {
    let due = deleted_accounts::table
        .filter(deleted_accounts::second_pass_at.is_not_null().and(deleted_accounts::second_pass_at.le(now)))
        .order(deleted_accounts::second_pass_at)
        .limit(MAX_ACCOUNTS_PER_POLL);
    on!(store, |c| due.select(DeletedAccount::as_select()).load(c).await)
}

/// Records that the second pass is done, unless the account was deleted again meanwhile.
pub async fn finish_account(store: &Store, account: &DeletedAccount) -> Result<(), StoreError> {
    let same = deleted_accounts::table
        .find(account.account_id)
        .filter(deleted_accounts::second_pass_at.eq(account.second_pass_at));
    tx!(store, |c| {
        let nothing = deleted_accounts::second_pass_at.eq(None::<Timestamp>);
        diesel::update(same).set(nothing).execute(c).await?;
        Ok(())
    })
}
