//! Changes by time, and the activity of chats.

use super::engine::SqlEngine;
use super::schema::{branches, messages};
use crate::error::Error;
use crate::store::{Change, ChangePosition, ChangeSource, TreeActivity};
use diesel::dsl::{count_star, max, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashMap;

/// A chat, the number of its branches, of their messages, and the latest times of both.
type Totals = (ChatId, i64, i64, Option<Timestamp>, Option<Timestamp>, Option<Timestamp>);

impl SqlEngine {
    pub(crate) async fn list_changes(
        &self,
        source: ChangeSource,
        after: ChangePosition,
        limit: usize,
    ) -> Result<Vec<Change>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = self.store.read(move |session| match source {
            ChangeSource::Messages => messages_after(session, after, limit).boxed(),
            ChangeSource::Branches => branches_after(session, after, limit).boxed(),
        });
        list.await
    }

    pub(crate) async fn tree_activity(&self, chats: &[ChatId]) -> Result<Vec<TreeActivity>, Error> {
        let chats = chats.to_vec();
        self.store.read(move |session| read_activity(session, chats).boxed()).await
    }

    pub(crate) async fn active_branches(&self, chats: &[ChatId]) -> Result<Vec<(ChatId, BranchId)>, Error> {
        let chats = chats.to_vec();
        self.store.read(move |session| active_branches(session, chats).boxed()).await
    }
}

async fn messages_after(
    session: &mut Session,
    after: ChangePosition,
    limit: i64,
) -> Result<Vec<Change>, Error> {
    let has_higher_id = messages::response_id.gt(ResponseId::from(after.id));
    // The bound by itself lets the index be used.
    let query = messages::table
        .filter(messages::created_at.ge(after.at))
        .filter(messages::created_at.gt(after.at).or(has_higher_id))
        .filter(messages::root_chat_id.is_not_null())
        .order((messages::created_at, messages::response_id))
        .limit(limit)
        .select((messages::created_at, messages::response_id, messages::root_chat_id.assume_not_null()));
    let rows: Vec<(Timestamp, ResponseId, ChatId)> = on!(session, |c| query.load(c).await)?;
    let change = |(at, id, chat): (_, ResponseId, _)| Change {
        position: ChangePosition { at, id: id.as_uuid() },
        chat,
    };
    Ok(rows.into_iter().map(change).collect())
}

async fn branches_after(
    session: &mut Session,
    after: ChangePosition,
    limit: i64,
) -> Result<Vec<Change>, Error> {
    let changed_at = branches::changed_at.assume_not_null();
    let has_higher_id = branches::branch_id.gt(BranchId::from(after.id));
    let query = branches::table
        .filter(branches::changed_at.is_not_null().and(changed_at.ge(after.at)))
        .filter(changed_at.gt(after.at).or(has_higher_id))
        .order((branches::changed_at, branches::branch_id))
        .limit(limit)
        .select((changed_at, branches::branch_id, branches::root_chat_id));
    let rows: Vec<(Timestamp, BranchId, ChatId)> = on!(session, |c| query.load(c).await)?;
    let change =
        |(at, id, chat): (_, BranchId, _)| Change { position: ChangePosition { at, id: id.as_uuid() }, chat };
    Ok(rows.into_iter().map(change).collect())
}

async fn read_activity(session: &mut Session, chats: Vec<ChatId>) -> Result<Vec<TreeActivity>, Error> {
    let query = branches::table
        .filter(any_of(branches::root_chat_id, chats.iter().copied()))
        .filter(branches::deleted_at.is_null())
        .group_by(branches::root_chat_id)
        .select((
            branches::root_chat_id,
            count_star(),
            // PostgreSQL adds up to a NUMERIC.
            sql::<BigInt>("CAST(SUM(head_depth - fork_depth) AS BIGINT)"),
            max(branches::last_message_at),
            max(branches::created_at),
            max(branches::changed_at),
        ));
    let totals: Vec<Totals> = on!(session, |c| query.load(c).await)?;
    let active: HashMap<_, _> = active_branches(session, chats).await?.into_iter().collect();
    let activity = |(chat, branches, messages, last_message_at, created_at, changed_at): Totals| {
        Some(TreeActivity {
            chat,
            active: *active.get(&chat)?,
            branches: usize::try_from(branches).unwrap_or_default(),
            messages,
            last_message_at,
            changed_at: last_message_at.max(created_at).max(changed_at)?,
        })
    };
    Ok(totals.into_iter().filter_map(activity).collect())
}

async fn active_branches(
    session: &mut Session,
    chats: Vec<ChatId>,
) -> Result<Vec<(ChatId, BranchId)>, Error> {
    // Whether rows are deleted is asked behind SELECT, as in `LineOf`.
    let trunks = branches::table
        .filter(any_of(branches::branch_id, chats.into_iter().map(ChatId::trunk)))
        .select((branches::root_chat_id, branches::active_branch_id, branches::deleted_at.is_null()));
    let trunks: Vec<(ChatId, Option<BranchId>, bool)> = on!(session, |c| trunks.load(c).await)?;
    let living = trunks.into_iter().filter(|(.., is_alive)| *is_alive);
    Ok(living.map(|(chat, active, _)| (chat, active.unwrap_or(chat.trunk()))).collect())
}
