//! Accounts that were deleted.

use super::schema::deleted_accounts;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::ids::UserId;
use shared::store::{Store, StoreError};
use shared::{on, tx};

/// How many accounts are looked at in one go.
const MAX_ACCOUNTS_PER_POLL: i64 = 100;

/// An account that was deleted, as the table has it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deleted_accounts, treat_none_as_null = true)]
pub struct DeletedAccount {
    /// Whose it was.
    pub account_id: UserId,
    /// Until then a token of it may be about.
    pub until: Timestamp,
    /// When to look for chats of it again, if that is still to be done.
    pub second_pass_at: Option<Timestamp>,
    /// Of the request that deleted it.
    pub request_id: String,
}

/// Remembers an account, from now on again if it was deleted before, and gives it as the table has it.
///
/// Its times follow from `now`, which is read once nothing is waited for any more: counted from before a wait, the second
/// pass would come before what was being made until the account was remembered.
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

/// Whether an account was deleted, so far as tokens of it may be about.
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

/// Notes that the second pass is done, unless the account was deleted once more meanwhile.
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
