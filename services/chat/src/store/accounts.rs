//! Deleted accounts.

use super::schema::deleted_accounts;
use diesel::dsl::auto_type;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::{Clock, Timestamp};
use shared::ids::UserId;
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};

/// Accounts of one poll.
const MAX_ACCOUNTS_PER_POLL: i64 = 100;

/// A row of `deleted_accounts`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = deleted_accounts, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    account: impl FnOnce(Timestamp) -> DeletedAccount + Send + 'static,
) -> Result<DeletedAccount, StoreError> {
    let clock = clock.clone();
    store.write(move |session| upsert_account(session, id, clock, account).boxed()).await
}

async fn upsert_account(
    session: &mut Session,
    id: UserId,
    clock: Clock,
    account: impl FnOnce(Timestamp) -> DeletedAccount + Send,
) -> Result<DeletedAccount, StoreError> {
    let lock = diesel::update(deleted_accounts::table.find(id));
    let lock = lock.set(deleted_accounts::until.eq(deleted_accounts::until));
    on!(session, |c| lock.execute(c).await)?;
    let account = account(clock.now());
    on!(session, |c| {
        let insert = diesel::insert_into(deleted_accounts::table).values(&account);
        insert.on_conflict(deleted_accounts::account_id).do_update().set(&account).execute(c).await
    })?;
    Ok(account)
}

/// Whether an account is deleted, as long as its tokens may be valid.
pub async fn is_account_deleted(store: &Store, account: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let deletion = deletion_of(account, now);
    let counted = store
        .read(move |session| async move { on!(session, |c| deletion.count().get_result(c).await) }.boxed());
    counted.await.map(|deletions: i64| deletions > 0)
}

/// The row of an account that is deleted, as long as its tokens may be valid.
#[auto_type(no_type_alias)]
pub(super) fn deletion_of(account: UserId, now: Timestamp) -> _ {
    deleted_accounts::table.find(account).filter(deleted_accounts::until.gt(now))
}

/// Accounts whose second pass is due.
pub async fn accounts_due(store: &Store, now: Timestamp) -> Result<Vec<DeletedAccount>, StoreError> {
    let due = deleted_accounts::table
        .filter(deleted_accounts::second_pass_at.is_not_null().and(deleted_accounts::second_pass_at.le(now)))
        .order(deleted_accounts::second_pass_at)
        .limit(MAX_ACCOUNTS_PER_POLL);
    let listed = store.read(move |session| {
        async move { on!(session, |c| due.select(DeletedAccount::as_select()).load(c).await) }.boxed()
    });
    listed.await
}

/// Records that the second pass is done, unless the account was deleted again meanwhile.
pub async fn finish_account(store: &Store, account: &DeletedAccount) -> Result<(), StoreError> {
    let same = deleted_accounts::table
        .find(account.account_id)
        .filter(deleted_accounts::second_pass_at.eq(account.second_pass_at));
    let finish = diesel::update(same).set(deleted_accounts::second_pass_at.eq(None::<Timestamp>));
    let finished = store.write_statement(move |session| {
        async move { on!(session, |c| finish.execute(c).await).map(drop) }.boxed()
    });
    finished.await
}
