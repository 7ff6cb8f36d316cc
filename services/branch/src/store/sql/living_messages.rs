//! Messages whose branch and chat are alive.

use super::engine::SqlEngine;
use super::schema::{TRUNKS, branches, messages};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::ResponseId;
use shared_store::{RunQueryDsl, any_of, on};

impl SqlEngine {
    pub(crate) async fn living_messages(&self, ids: &[ResponseId]) -> Result<Vec<ResponseId>, Error> {
        // Whether rows are deleted is asked behind SELECT, as in `LineOf`.
        let found = messages::table
            .inner_join(branches::table)
            .inner_join(TRUNKS.on(TRUNKS.field(branches::branch_id).eq(branches::root_chat_id)))
            .filter(any_of(messages::response_id, ids.to_vec()))
            .select((
                messages::response_id,
                branches::deleted_at.is_null(),
                TRUNKS.field(branches::deleted_at).is_null(),
            ));
        let found = self.store.read(move |session| {
            async move { Ok::<_, Error>(on!(session, |c| found.load(c).await)?) }.boxed()
        });
        let found: Vec<(ResponseId, bool, bool)> = found.await?;
        let is_alive = |(id, branch_lives, chat_lives)| (branch_lives && chat_lives).then_some(id);
        Ok(found.into_iter().filter_map(is_alive).collect())
    }
}
