//! All messages of a chat, without their texts.

use super::conditions::ComesAfter;
use super::engine::SqlEngine;
use super::inherited_lines::inherited_lines;
use super::lookup::look_up;
use super::message_forks;
use super::messages_in::messages_in;
use super::previews::previews;
use super::queries;
use super::schema::{branches, messages};
use super::versions::{self, Sibling, Versions};
use crate::domain::{BranchKey, Previews, ScannedBranch, Segment, TreePlan, TreePosition};
use crate::error::Error;
use crate::store::inherited_line::InheritedLine;
use crate::store::navigation::MIN_BRANCHES_OF_MESSAGES;
use crate::store::{MessageTreePage, MessageTreeRequest, TreeEntry};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared_store::{RunQueryDsl, Session, on};
use std::collections::{HashMap, HashSet};

impl SqlEngine {
    pub(crate) async fn list_message_tree(
        &self,
        request: &MessageTreeRequest,
    ) -> Result<MessageTreePage, Error> {
        let request = *request;
        self.store.read(move |session| list(session, request).boxed()).await
    }
}

async fn list(session: &mut Session, request: MessageTreeRequest) -> Result<MessageTreePage, Error> {
    let MessageTreeRequest { owner, target, after, limit, with_previews } = request;
    let chat = look_up(session, owner, target).await?.require()?.branch.chat;
    let count = limit.max(MIN_BRANCHES_OF_MESSAGES);
    let mut scanned = scan(session, chat, after, count + 1).await?;
    let has_more = scanned.len() > count;
    scanned.truncate(count);
    let inherited = inherited_lines(session, [chat]).await?.remove(&chat);
    let inherited = inherited.unwrap_or_else(|| InheritedLine::empty(chat));
    inherited.add_to_scanned(&mut scanned);
    let plan = TreePlan::new(&scanned, has_more, after, i64::try_from(limit).unwrap_or(i64::MAX));
    let segments = inherited.split(&mut *session, plan.segments).await?;
    let rows = rows(session, &segments, with_previews).await?;
    let versions = versions(session, &rows, &inherited).await?;
    let mut items: Vec<_> = rows.into_iter().map(|row| row.entry(&versions)).collect();
    let order: HashMap<_, _> = scanned.iter().enumerate().map(|(at, branch)| (branch.key.id, at)).collect();
    items.sort_unstable_by_key(|entry| (order.get(&entry.branch).copied(), entry.depth));
    Ok(MessageTreePage { items, next: plan.next })
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = branches)]
struct ScannedRow {
    branch_id: BranchId,
    level: i64,
    created_at: Timestamp,
    fork_depth: i64,
    head_depth: i64,
    head_response_id: Option<ResponseId>,
}

impl From<ScannedRow> for ScannedBranch {
    fn from(row: ScannedRow) -> Self {
        let key = BranchKey { level: row.level, created_at: row.created_at, id: row.branch_id };
        Self { key, fork_depth: row.fork_depth, head_depth: row.head_depth, head: row.head_response_id }
    }
}

/// The branch of the position, and those after it.
async fn scan(
    session: &mut Session,
    chat: ChatId,
    after: Option<TreePosition>,
    count: usize,
) -> Result<Vec<ScannedBranch>, Error> {
    let limit = i64::try_from(count).unwrap_or(i64::MAX);
    let begun = match after {
        None => None,
        Some(after) => begun_branch(session, chat, after.branch.id).await?,
    };
    let rest: Vec<ScannedRow> = on!(session, |c| {
        let query = queries::of_chat(chat).limit(limit).select(ScannedRow::as_select());
        match after {
            None => query.load(c).await,
            Some(after) => query.filter(ComesAfter(after.branch)).load(c).await,
        }
    })?;
    Ok(begun.into_iter().chain(rest).take(count).map(ScannedBranch::from).collect())
}

/// The branch of which a page before has read a part, if it is still there.
async fn begun_branch(
    session: &mut Session,
    chat: ChatId,
    branch: BranchId,
) -> Result<Option<ScannedRow>, Error> {
    let found: Option<(ScannedRow, bool)> = on!(session, |c| {
        let query = branches::table.find(branch).filter(branches::root_chat_id.eq(chat));
        query.select((ScannedRow::as_select(), branches::deleted_at.is_null())).first(c).await.optional()
    })?;
    Ok(found.and_then(|(row, lives)| lives.then_some(row)))
}

/// A message without its texts, and its preview.
struct PreviewedRow {
    row: EntryRow,
    preview: Option<String>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
struct EntryRow {
    response_id: ResponseId,
    parent_response_id: Option<ResponseId>,
    branch_id: BranchId,
    depth: i64,
    created_at: Timestamp,
}

impl PreviewedRow {
    fn entry(self, versions: &Versions) -> TreeEntry {
        let Self { row, preview } = self;
        TreeEntry {
            id: row.response_id,
            parent: row.parent_response_id,
            branch: row.branch_id,
            depth: row.depth,
            created_at: row.created_at,
            version: versions.get(&row.response_id).copied().unwrap_or_default().number,
            preview,
        }
    }
}

async fn rows(
    session: &mut Session,
    segments: &[Segment],
    with_previews: bool,
) -> Result<Vec<PreviewedRow>, Error> {
    if segments.is_empty() {
        return Ok(Vec::new());
    }
    if !with_previews {
        let rows: Vec<EntryRow> =
            on!(session, |c| messages_in(segments, EntryRow::as_select()).load(c).await)?;
        return Ok(rows.into_iter().map(|row| PreviewedRow { row, preview: None }).collect());
    }
    let rows: Vec<(EntryRow, (String, String))> =
        on!(session, |c| { messages_in(segments, (EntryRow::as_select(), previews())).load(c).await })?;
    let shown = |(row, (question, response)): (EntryRow, _)| PreviewedRow {
        row,
        preview: Some(Previews { question, response }.shown()),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// The versions of these messages among those of the chat.
async fn versions(
    session: &mut Session,
    rows: &[PreviewedRow],
    inherited: &InheritedLine,
) -> Result<Versions, Error> {
    let chat = inherited.chat();
    let parents: HashSet<_> = rows.iter().filter_map(|row| row.row.parent_response_id).collect();
    let forked = message_forks::forked(session, parents, chat).await?;
    let is_ranked =
        |row: &&PreviewedRow| row.row.parent_response_id.is_none_or(|parent| forked.contains(&parent));
    let siblings = rows.iter().filter(is_ranked).map(|PreviewedRow { row, .. }| Sibling {
        id: row.response_id,
        chat,
        created_at: row.created_at,
        depth: row.depth,
        parent: row.parent_response_id,
    });
    versions::rank(session, siblings.collect(), Some(inherited)).await
}
