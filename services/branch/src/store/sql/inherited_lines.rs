//! The lines that chats inherit from others, and the chats that own messages.

use super::ancestry_column::DecodedAncestry;
use super::schema::{branches, messages};
use crate::error::Error;
use crate::store::inherited_line::InheritedLine;
use diesel::prelude::*;

use shared::ids::{ChatId, ResponseId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::{BTreeSet, HashMap};

/// The lines that these chats inherit from others. Chats that inherit nothing are left out.
pub(super) async fn inherited_lines(
    session: &mut Session,
    chats: impl IntoIterator<Item = ChatId>,
) -> Result<HashMap<ChatId, InheritedLine>, Error> {
    let trunks: BTreeSet<_> = chats.into_iter().map(ChatId::trunk).collect();
    let query = branches::table.filter(any_of(branches::branch_id, trunks)).select((
        branches::root_chat_id,
        branches::fork_depth,
        branches::ancestry,
    ));
    let rows: Vec<(ChatId, i64, DecodedAncestry)> = on!(session, |c| query.load(c).await)?;
    let forked = rows.into_iter().filter(|(_, fork_depth, _)| *fork_depth > 0);
    Ok(forked.map(|(chat, _, DecodedAncestry(trunk))| (chat, InheritedLine::of(chat, trunk))).collect())
}

/// The chats of messages.
pub(super) async fn chats_of(
    session: &mut Session,
    messages: Vec<ResponseId>,
) -> Result<HashMap<ResponseId, ChatId>, Error> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let query = messages::table
        .filter(any_of(messages::response_id, messages))
        .select((messages::response_id, messages::root_chat_id));
    let rows: Vec<(ResponseId, Option<ChatId>)> = on!(session, |c| query.load(c).await)?;
    Ok(rows.into_iter().filter_map(|(id, chat)| Some((id, chat?))).collect())
}
