//! Messages to copy: their sizes first, then their texts.

use super::engine::SqlEngine;
use super::reading_chat::{OwnPlace, read_as};
use super::rows::MessageRow;
use super::schema::{TRUNKS, branches, messages};
use crate::domain::Message;
use crate::error::Error;
use crate::store::selection::copied_bytes;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{ChatId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use shared_web::body_limits::Reservation;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

impl SqlEngine {
    pub(crate) async fn read_sources(
        &self,
        owner: UserId,
        ids: Arc<[ResponseId]>,
    ) -> Result<(Vec<Message>, Reservation), Error> {
        let wanted = Arc::clone(&ids);
        let visible = self
            .store
            .read(move |session| async move { visible(session, owner, &wanted).await }.boxed())
            .await?;
        let sizes = visible.iter().map(|(id, (_, bytes))| (*id, *bytes)).collect();
        // Twice: the driver's buffers beside the rows, and later those beside the copies.
        let memory = self.memory.reserve(2 * copied_bytes(&ids, &sizes)?).await?;
        let sources =
            self.store.read(move |session| async move { sources(session, &visible).await }.boxed()).await?;
        Ok((sources, memory))
    }
}

/// The chats of messages, and the bytes of their texts.
type Visible = HashMap<ResponseId, (ChatId, i64)>;

/// Those of these messages that the owner can see.
async fn visible(session: &mut Session, owner: UserId, ids: &[ResponseId]) -> Result<Visible, Error> {
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    let found: Vec<(ResponseId, i64, OwnPlace)> = on!(session, |c| {
        messages::table
            .inner_join(branches::table)
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(any_of(messages::response_id, distinct).and(messages::owner_id.eq(owner)))
            .select((messages::response_id, messages::text_bytes, OwnPlace::as_select()))
            .load(c)
            .await
    })?;
    let mut visible = Visible::new();
    for (id, bytes, own) in found {
        if read_as(session, &own, None).await?.is_some() {
            visible.insert(id, (own.chat, bytes));
        }
    }
    Ok(visible)
}

/// Reads messages that were there, or fails.
async fn sources(session: &mut Session, visible: &Visible) -> Result<Vec<Message>, Error> {
    let rows: Vec<MessageRow> = on!(session, |c| {
        messages::table
            .filter(any_of(messages::response_id, visible.keys().copied()))
            .select(MessageRow::as_select())
            .load(c)
            .await
    })?;
    if rows.len() != visible.len() {
        return Err(Error::MessageNotFound);
    }
    // A message that is scrubbed meanwhile is there, without its texts.
    let source = |row: MessageRow| {
        let &(chat, bytes) = visible.get(&row.response_id)?;
        row.into_whole_message(chat, bytes)
    };
    rows.into_iter().map(|row| source(row).ok_or(Error::MessageNotFound)).collect()
}
