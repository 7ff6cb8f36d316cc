//! The comparison of two lines.

use super::ancestry_column::DecodedAncestry;
use super::engine::SqlEngine;
use super::schema::{TRUNKS, branches, messages};
use crate::error::Error;
use crate::store::Comparison;
use crate::store::comparison::{LineReader, LineWithHead, compare};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{BranchId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, on};

impl SqlEngine {
    pub(crate) async fn compare(
        &self,
        owner: UserId,
        left: BranchId,
        right: BranchId,
    ) -> Result<Comparison, Error> {
        self.store.read(move |session| compare_lines(session, owner, left, right).boxed()).await
    }
}

async fn compare_lines(
    session: &mut Session,
    owner: UserId,
    left: BranchId,
    right: BranchId,
) -> Result<Comparison, Error> {
    let (left, right) = (line(session, owner, left).await?, line(session, owner, right).await?);
    compare(session, left, right).await
}

/// A branch with its owner, and whether it and its trunk are alive.
type Row = (DecodedAncestry, i64, Option<ResponseId>, UserId, bool, bool);

/// Reads one line. For a list of branches PostgreSQL would, with the statistics of small tables, read all trunks.
async fn line(session: &mut Session, owner: UserId, id: BranchId) -> Result<LineWithHead, Error> {
    let found: Option<Row> = on!(session, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(branches::branch_id.eq(id))
            .select((
                branches::ancestry,
                branches::head_depth,
                branches::head_response_id,
                branches::owner_id,
                branches::deleted_at.is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
            ))
            .first(c)
            .await
            .optional()
    })?;
    match found.ok_or(Error::TargetUnknown)? {
        (DecodedAncestry(ancestry), head_depth, head, its_owner, true, true) if its_owner == owner => {
            Ok(LineWithHead { ancestry, head_depth, head })
        }
        _ => Err(Error::BranchNotFound),
    }
}

impl LineReader for &mut Session {
    async fn message_at(&mut self, branch: BranchId, depth: i64) -> Result<Option<ResponseId>, Error> {
        let session = &mut **self;
        let query = messages::table
            .filter(messages::branch_id.eq(branch).and(messages::depth.eq(depth)))
            .select(messages::response_id);
        Ok(on!(session, |c| query.first(c).await.optional())?)
    }
}
