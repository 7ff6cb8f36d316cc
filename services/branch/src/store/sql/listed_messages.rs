//! The messages of a user, or of a chat, by time.

use super::conditions::IsListed;
use super::engine::SqlEngine;
use super::inherited_lines::inherited_lines;
use super::message_forks;
use super::messages_in::messages_in;
use super::reading_chat::named_chat;
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use super::versions;
use crate::domain::{DepthRange, Message, Order};
use crate::error::Error;
use crate::store::inherited_line::{BranchPlace, InheritedLine};
use crate::store::navigation::plan_page;
use crate::store::selection::{Entry, Selection};
use crate::store::{ListRequest, MessagePage, TimePosition};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::{HashMap, HashSet};

impl SqlEngine {
    pub(crate) async fn list_messages(
        &self,
        request: &ListRequest,
    ) -> Result<MessagePage<TimePosition>, Error> {
        let request = *request;
        let selection = self.store.read(move |session| select(session, request).boxed()).await?;
        // Twice: the driver's buffers beside the rows, and later the written part of the answer beside the unwritten.
        let memory = self.memory.reserve(2 * selection.text_bytes()).await?;
        let (chosen, next) = selection.finish();
        let items = self.store.read(|session| async move { read(session, &chosen).await }.boxed()).await?;
        Ok(MessagePage { items, next, previous: None, memory })
    }
}

async fn select(session: &mut Session, request: ListRequest) -> Result<Selection, Error> {
    let ListRequest { owner, target, order, after, limit } = request;
    let chat = named_chat(session, owner, target).await?;
    let mut inherited = inherited_lines(session, chat).await?;
    let inherited = chat.and_then(|chat| inherited.remove(&chat));
    let mut selection = Selection::new(after, limit);
    while let Some((after, count)) = selection.next_read() {
        let listed = IsListed { owner, chat, order, after };
        let entries = match &inherited {
            None => own_entries(session, listed, count).await?,
            Some(inherited) => all_entries(session, listed, inherited, count).await?,
        };
        selection.add(entries);
    }
    Ok(selection)
}

/// An entry of a list, with the chat in which it is read, if its owner can see it.
type ListedEntry = (Entry, Option<ChatId>);

/// The messages of a list that the chats own.
async fn own_entries(
    session: &mut Session,
    listed: IsListed,
    count: usize,
) -> Result<Vec<ListedEntry>, Error> {
    let entries = entries(session, listed, count).await?;
    let visible = chats_of(session, listed.owner, &entries).await?;
    let chat = |entry: Entry| (entry, visible.get(&entry.branch).copied());
    Ok(entries.into_iter().map(chat).collect())
}

/// The messages of a chat that was forked from another: what it inherits is older than what it owns.
async fn all_entries(
    session: &mut Session,
    listed: IsListed,
    inherited: &InheritedLine,
    count: usize,
) -> Result<Vec<ListedEntry>, Error> {
    let passed = passed(session, &listed, inherited).await?;
    let mut found = Vec::new();
    match listed.order {
        Order::Asc => {
            let from = match passed {
                Passed::Nothing => 1,
                Passed::Inherited(depth) => depth + 1,
                Passed::Own => inherited.depth() + 1,
            };
            found.extend(inherited_entries(session, inherited, (listed.order, from), count).await?);
            if found.len() < count {
                // Those after a position that lies before them are all of them.
                found.extend(own_entries(session, listed, count - found.len()).await?);
            }
        }
        Order::Desc => {
            let to = match passed {
                Passed::Nothing | Passed::Own => {
                    found.extend(own_entries(session, listed, count).await?);
                    inherited.depth()
                }
                Passed::Inherited(depth) => depth - 1,
            };
            if found.len() < count {
                let more = (listed.order, to);
                found.extend(inherited_entries(session, inherited, more, count - found.len()).await?);
            }
        }
    }
    Ok(found)
}

/// The position of a list of a chat that inherits messages.
enum Passed {
    Nothing,
    /// A message of the inherited line, at this depth.
    Inherited(i64),
    /// A message that the chat owns.
    Own,
}

async fn passed(
    session: &mut Session,
    listed: &IsListed,
    inherited: &InheritedLine,
) -> Result<Passed, Error> {
    let Some(after) = listed.after else { return Ok(Passed::Nothing) };
    let query = messages::table.find(after.id).select((messages::branch_id, messages::depth));
    let place: Option<(BranchId, i64)> = on!(session, |c| query.first(c).await.optional())?;
    let Some((branch, depth)) = place else { return Ok(Passed::Own) };
    let is_inherited = inherited.has(session, BranchPlace { branch, depth }).await?;
    Ok(if is_inherited { Passed::Inherited(depth) } else { Passed::Own })
}

/// The messages of an inherited line from a depth on.
async fn inherited_entries(
    session: &mut Session,
    inherited: &InheritedLine,
    (order, from): (Order, i64),
    count: usize,
) -> Result<Vec<ListedEntry>, Error> {
    let Some(trunk) = inherited.trunk() else { return Ok(Vec::new()) };
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let Some(depths) = DepthRange::page(order, inherited.depth(), Some(from), count) else {
        return Ok(Vec::new());
    };
    let segments = plan_page(&mut *session, trunk.clone(), depths).await?;
    let query = messages_in(
        &segments,
        (
            messages::depth,
            messages::response_id,
            messages::branch_id,
            messages::created_at,
            messages::text_bytes,
        ),
    );
    let mut rows: Vec<(i64, ResponseId, BranchId, Timestamp, i64)> = on!(session, |c| query.load(c).await)?;
    rows.sort_unstable_by_key(|(depth, ..)| match order {
        Order::Asc => *depth,
        Order::Desc => -*depth,
    });
    let entry = |(_, id, branch, created_at, bytes)| {
        (Entry { id, branch, created_at, bytes }, Some(inherited.chat()))
    };
    Ok(rows.into_iter().map(entry).collect())
}

async fn entries(session: &mut Session, listed: IsListed, count: usize) -> Result<Vec<Entry>, Error> {
    let query = messages::table.filter(listed).limit(i64::try_from(count).unwrap_or(i64::MAX)).select((
        messages::response_id,
        messages::branch_id,
        messages::created_at,
        messages::text_bytes,
    ));
    let (time, id) = (messages::created_at, messages::response_id);
    let rows: Vec<(ResponseId, BranchId, Timestamp, i64)> = match listed.order {
        Order::Desc => on!(session, |c| query.order((time.desc(), id.desc())).load(c).await)?,
        Order::Asc => on!(session, |c| query.order((time.asc(), id.asc())).load(c).await)?,
    };
    let entry = |(id, branch, created_at, bytes)| Entry { id, branch, created_at, bytes };
    Ok(rows.into_iter().map(entry).collect())
}

/// The chats of the branches that the owner can see.
async fn chats_of(
    session: &mut Session,
    owner: UserId,
    entries: &[Entry],
) -> Result<HashMap<BranchId, ChatId>, Error> {
    let mut ids: Vec<_> = entries.iter().map(|entry| entry.branch).collect();
    ids.sort_unstable();
    ids.dedup();
    let owned: Vec<(BranchId, ChatId, bool, bool)> = on!(session, |c| {
        branches::table
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(any_of(branches::branch_id, ids).and(branches::owner_id.eq(owner)))
            .select((
                branches::branch_id,
                branches::root_chat_id,
                branches::deleted_at.is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
            ))
            .load(c)
            .await
    })?;
    let visible = owned.into_iter().filter(|(.., lives, trunk_lives)| *lives && *trunk_lives);
    Ok(visible.map(|(branch, chat, ..)| (branch, chat)).collect())
}

/// Reads the chosen messages in their order.
async fn read(session: &mut Session, chosen: &[(Entry, ChatId)]) -> Result<Vec<Message>, Error> {
    let ids: Vec<_> = chosen.iter().map(|(entry, _)| entry.id).collect();
    let rows: Vec<MessageRow> = on!(session, |c| {
        messages::table
            .filter(any_of(messages::response_id, ids.iter().copied()))
            .select(MessageRow::as_select())
            .load(c)
            .await
    })?;
    let chats: HashMap<_, _> = chosen.iter().map(|(entry, chat)| (entry.id, *chat)).collect();
    let with_parents = rows.iter().filter_map(|row| {
        let chat = *chats.get(&row.response_id)?;
        Some([Some(row.response_id), row.parent_response_id].into_iter().flatten().map(move |id| (id, chat)))
    });
    let with_parents: HashSet<_> = with_parents.flatten().collect();
    let mut forks = message_forks::of_messages(session, with_parents).await?;
    let siblings = rows.iter().filter_map(|row| Some(row.sibling(*chats.get(&row.response_id)?)));
    let versions = versions::of_messages(session, siblings, &forks, None).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.response_id, row)).collect();
    let message = |(entry, chat): &(Entry, ChatId)| {
        let forks = forks.remove(&(entry.id, *chat)).unwrap_or_default();
        // Those that were deleted meanwhile are left out.
        let version = versions.get(&entry.id).copied();
        let message = rows.remove(&entry.id)?.into_message(*chat, forks);
        Some(message.with_version(version).read_in(*chat))
    };
    Ok(chosen.iter().filter_map(message).collect())
}
