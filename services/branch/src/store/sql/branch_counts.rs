//! The number of branches of chats.

use super::engine::SqlEngine;
use super::schema::branches;
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{ChatId, UserId};
use shared_store::{RunQueryDsl, any_of, on};
use std::collections::HashMap;

impl SqlEngine {
    pub(crate) async fn count_branches(
        &self,
        owner: UserId,
        chats: &[ChatId],
    ) -> Result<HashMap<ChatId, i64>, Error> {
        let chats = chats.to_vec();
        let trunks = branches::table
            .filter(any_of(branches::branch_id, chats.iter().map(|chat| chat.trunk())))
            .filter(branches::owner_id.eq(owner))
            .select(branches::root_chat_id);
        let below = branches::table
            .filter(any_of(branches::root_chat_id, chats))
            .filter(branches::owner_id.eq(owner).and(branches::parent_branch_id.is_not_null()))
            .filter(branches::deleted_at.is_null())
            .group_by(branches::root_chat_id)
            .select((branches::root_chat_id, diesel::dsl::count_star()));
        let counted = self.store.read(move |session| {
            async move {
                let trunks: Vec<ChatId> = on!(session, |c| trunks.load(c).await)?;
                let below: Vec<(ChatId, i64)> = on!(session, |c| below.load(c).await)?;
                Ok::<_, Error>((trunks, below))
            }
            .boxed()
        });
        let (trunks, below) = counted.await?;
        let mut counts: HashMap<_, _> = trunks.into_iter().map(|chat| (chat, 1)).collect();
        for (chat, below) in below {
            counts.entry(chat).and_modify(|count| *count += below);
        }
        Ok(counts)
    }
}
