//! The list of the versions of a message.

use super::ancestry_column::DecodedAncestry;
use super::conditions::BeginsAfter;
use super::engine::SqlEngine;
use super::inherited_lines::inherited_lines;
use super::previews::previews;
use super::schema::{branches, messages};
use super::versions::{self, Sibling};
use crate::domain::Previews;
use crate::error::Error;
use crate::store::inherited_line::{BranchPlace, InheritedLine};
use crate::store::navigation::{MAX_RECENT_BRANCHES, RecentBranch, open_branches};
use crate::store::version_list::{OpenBranch, VersionKey, VersionsOf, cut};
use crate::store::{TimePosition, VersionEntry, VersionPage};
use diesel::prelude::*;
use diesel::sql_types::Nullable;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::sql_types::Uid;
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashMap;

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "coalesce"]
    fn coalesce_id(id: Nullable<Uid>, otherwise: Uid) -> Uid;
}

impl SqlEngine {
    pub(crate) async fn list_versions(
        &self,
        of: VersionsOf,
        after: Option<TimePosition>,
        limit: usize,
    ) -> Result<VersionPage, Error> {
        self.store.read(move |session| list(session, of, after, limit).boxed()).await
    }
}

async fn list(
    session: &mut Session,
    of: VersionsOf,
    after: Option<TimePosition>,
    limit: usize,
) -> Result<VersionPage, Error> {
    let inherited = inherited_lines(session, [of.chat]).await?.remove(&of.chat);
    let mut found = first_messages(session, of, after, limit + 1).await?;
    let after_parent = following(session, of, inherited.as_ref()).await?;
    found.extend(after_parent.filter(|version| version.comes_after(after)));
    let (found, next) = cut(found, limit);
    let Some(first) = found.iter().min() else { return Ok(VersionPage { items: Vec::new(), next }) };
    let VersionsOf { chat, parent, depth } = of;
    let first = Sibling { id: first.id, chat, created_at: first.created_at, depth, parent };
    let number = versions::of_message(session, first, inherited.as_ref()).await?.unwrap_or_default().number;
    let recent = recent_branches(session, of).await?;
    let open = open_branches(&mut *session, recent, of.depth).await?;
    // A version that is inherited from another chat is the trunk's.
    let inherits = match &inherited {
        Some(inherited) => inherited.owner(&mut *session, depth).await?,
        None => None,
    };
    let own_branch = |owner| if inherits == Some(owner) { chat.trunk() } else { owner };
    let heads = heads(session, found.iter().map(|version| own_branch(version.branch))).await?;
    let mut previews = previews_of(session, &found).await?;
    let entry = |(key, number): (VersionKey, i64)| {
        let VersionKey { id, branch, created_at } = key;
        let own = own_branch(branch);
        let own = OpenBranch { branch: own, head: heads.get(&own).copied().flatten() };
        let open = open.get(&branch).copied().unwrap_or(own);
        // One that was deleted meanwhile is left out.
        previews.remove(&id).map(|previews| VersionEntry { id, branch, number, created_at, previews, open })
    };
    Ok(VersionPage { items: found.into_iter().zip(number..).filter_map(entry).collect(), next })
}

/// The first messages of the branches that fork from the parent, in order.
async fn first_messages(
    session: &mut Session,
    of: VersionsOf,
    after: Option<TimePosition>,
    count: usize,
) -> Result<Vec<VersionKey>, Error> {
    let origin = of.parent.unwrap_or_else(|| ResponseId::from(of.chat.as_uuid()));
    let query = branches::table
        .filter(branches::root_chat_id.eq(of.chat))
        .filter(coalesce_id(branches::forked_from, branches::root_chat_id).eq(origin))
        .filter(branches::deleted_at.is_null().and(branches::first_response_id.is_not_null()))
        .order((branches::first_message_at, branches::first_response_id))
        .limit(i64::try_from(count).unwrap_or(i64::MAX))
        .select((
            branches::first_message_at.assume_not_null(),
            branches::first_response_id.assume_not_null(),
            branches::branch_id,
        ));
    let rows: Vec<(Timestamp, ResponseId, BranchId)> = match after {
        None => on!(session, |c| query.load(c).await)?,
        Some(after) => on!(session, |c| query.filter(BeginsAfter(after)).load(c).await)?,
    };
    Ok(rows.into_iter().map(|(created_at, id, branch)| VersionKey { created_at, id, branch }).collect())
}

/// The message that follows the parent: on the line that the chat inherits, or on the parent's own branch.
async fn following(
    session: &mut Session,
    of: VersionsOf,
    inherited: Option<&InheritedLine>,
) -> Result<Option<VersionKey>, Error> {
    let parent: Option<(BranchId, i64, Option<ChatId>)> = match of.parent {
        Some(parent) => {
            let columns = (messages::branch_id, messages::depth, messages::root_chat_id);
            let query = messages::table.find(parent).select(columns);
            on!(session, |c| query.first(c).await.optional())?
        }
        None => None,
    };
    let own_parent = parent.filter(|(.., chat)| inherited.is_none() || *chat == Some(of.chat));
    let place = match (own_parent, inherited) {
        (Some((branch, depth, _)), _) => BranchPlace { branch, depth: depth + 1 },
        (None, Some(inherited)) => inherited.place(&mut *session, of.depth).await?,
        (None, None) => return Ok(None),
    };
    let BranchPlace { branch, depth } = place;
    let next = messages::table
        .filter(messages::branch_id.eq(branch).and(messages::depth.eq(depth)))
        .select((messages::created_at, messages::response_id));
    let next: Option<(Timestamp, ResponseId)> = on!(session, |c| next.first(c).await.optional())?;
    Ok(next.map(|(created_at, id)| VersionKey { created_at, id, branch }))
}

/// The branches of the chat that were last made active, the last first.
async fn recent_branches(session: &mut Session, of: VersionsOf) -> Result<Vec<RecentBranch>, Error> {
    let query = branches::table
        .filter(branches::root_chat_id.eq(of.chat))
        .filter(branches::deleted_at.is_null().and(branches::activated_at.is_not_null()))
        .order((branches::activated_at.desc(), branches::branch_id.desc()))
        .limit(MAX_RECENT_BRANCHES)
        .select((branches::ancestry, branches::head_depth, branches::head_response_id));
    let rows: Vec<(DecodedAncestry, i64, Option<ResponseId>)> = on!(session, |c| query.load(c).await)?;
    let recent = |(DecodedAncestry(ancestry), head_depth, head)| RecentBranch { ancestry, head_depth, head };
    Ok(rows.into_iter().map(recent).collect())
}

/// The heads of the branches of these versions.
async fn heads(
    session: &mut Session,
    of: impl IntoIterator<Item = BranchId>,
) -> Result<HashMap<BranchId, Option<ResponseId>>, Error> {
    let query = branches::table
        .filter(any_of(branches::branch_id, of))
        .select((branches::branch_id, branches::head_response_id));
    let rows: Vec<(BranchId, Option<ResponseId>)> = on!(session, |c| query.load(c).await)?;
    Ok(rows.into_iter().collect())
}

async fn previews_of(
    session: &mut Session,
    found: &[VersionKey],
) -> Result<HashMap<ResponseId, Previews>, Error> {
    let query = messages::table
        .filter(any_of(messages::response_id, found.iter().map(|version| version.id)))
        .select((messages::response_id, previews()));
    let rows: Vec<(ResponseId, (String, String))> = on!(session, |c| query.load(c).await)?;
    Ok(rows.into_iter().map(|(id, (question, response))| (id, Previews { question, response })).collect())
}
