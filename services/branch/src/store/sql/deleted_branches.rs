//! The list of what can be restored in a chat.

use super::conditions::DeletedBefore;
use super::engine::SqlEngine;
use super::lookup::look_up;
use super::schema::branches;
use crate::error::Error;
use crate::store::{DeletedBranch, DeletedBranchPage, DeletedBranchesRequest, DeletionPosition};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::BranchId;
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn list_deleted_branches(
        &self,
        request: &DeletedBranchesRequest,
    ) -> Result<DeletedBranchPage, Error> {
        let (request, now) = (*request, self.clock.now());
        self.store.read(move |session| list(session, request, now).boxed()).await
    }
}

type Row = (BranchId, Option<String>, Option<Timestamp>, Option<Timestamp>, Option<i64>);

async fn list(
    session: &mut Session,
    request: DeletedBranchesRequest,
    now: Timestamp,
) -> Result<DeletedBranchPage, Error> {
    let DeletedBranchesRequest { owner, target, after, limit } = request;
    let chat = look_up(session, owner, target).await?.require()?.branch.chat;
    let query = branches::table
        .filter(branches::root_chat_id.eq(chat).and(branches::deleted_count.is_not_null()))
        .filter(branches::purge_at.gt(now))
        .order((branches::deleted_at.desc(), branches::branch_id.desc()))
        .limit(i64::try_from(limit + 1).unwrap_or(i64::MAX))
        .select((
            branches::branch_id,
            branches::name,
            branches::deleted_at,
            branches::purge_at,
            branches::deleted_count,
        ));
    let rows: Vec<Row> = match after {
        None => on!(session, |c| query.load(c).await)?,
        Some(after) => on!(session, |c| query.filter(DeletedBefore(after)).load(c).await)?,
    };
    Ok(DeletedBranchPage::new(rows.into_iter().filter_map(entry).collect(), limit))
}

fn entry((id, name, deleted_at, purge_at, count): Row) -> Option<DeletedBranch> {
    let at = DeletionPosition { deleted_at: deleted_at?, id };
    Some(DeletedBranch { at, name, purge_at: purge_at?, branch_count: count? })
}
