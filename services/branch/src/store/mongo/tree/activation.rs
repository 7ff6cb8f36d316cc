//! Changes of the active branches of chats, many in one command.

use crate::error::Error;
use crate::store::mongo::batcher::BatchOperation;
use crate::store::mongo::client::errors::clone_error;
use crate::store::mongo::client::update_command::{statement, update_repeatably};
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{Id, texts};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use mongodb::{Collection, Database};
use shared::clock::Clock;
use shared::ids::{BranchId, ChatId};
use std::collections::HashSet;

/// Chats of one command.
const MAX_CHATS: usize = 256;

/// A branch that becomes the active one of its chat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Activation {
    pub(crate) chat: ChatId,
    pub(crate) branch: BranchId,
}

/// Changes the active branches of chats.
#[derive(Debug)]
pub(crate) struct ActivateBranches {
    pub(crate) database: Database,
    pub(crate) branches: Collection<BranchDoc>,
    pub(crate) clock: Clock,
}

impl BatchOperation for ActivateBranches {
    type Item = Activation;
    type Answer = Result<(), Error>;

    const MAX_ITEMS: usize = MAX_CHATS;
    const MAX_WEIGHT: usize = MAX_CHATS;

    fn weight(_: &Activation) -> usize {
        1
    }

    async fn execute(&self, activations: &[Activation]) -> Vec<Result<(), Error>> {
        match self.activate(activations).await {
            Ok(outcomes) => outcomes,
            Err(error) => activations.iter().map(|_| Err(clone_error(&error))).collect(),
        }
    }
}

impl ActivateBranches {
    /// Several for one chat come from concurrent requests, so that any of them may be the last.
    async fn activate(&self, activations: &[Activation]) -> Result<Vec<Result<(), Error>>, Error> {
        let now = self.clock.now().as_micros();
        let statements = activations.iter().map(|Activation { chat, branch }| {
            let trunk = doc! {"_id": chat.to_string(), "alive": true};
            statement(trunk, doc! {"$set": {"active": branch.to_string(), "changed_at": now}})
        });
        let times = activations.iter().map(|Activation { branch, .. }| {
            statement(doc! {"_id": branch.to_string()}, doc! {"$set": {"activated_at": now}})
        });
        let statements = statements.chain(times);
        // Perhaps twice: what is not answered yet may come after a choice that was answered meanwhile.
        let updated = update_repeatably(&self.database, "branches", statements.collect()).await?;
        let living = match updated.matched {
            all if all == 2 * activations.len() => None,
            _ => Some(self.living(activations).await?),
        };
        let is_gone = |chat: &ChatId| living.as_ref().is_some_and(|living| !living.contains(chat));
        let outcome = |(index, activation): (usize, &Activation)| {
            updated.statement(index)?;
            if is_gone(&activation.chat) { Err(Error::ChatNotFound) } else { Ok(()) }
        };
        Ok(activations.iter().enumerate().map(outcome).collect())
    }

    /// Those of these chats that are not deleted.
    async fn living(&self, activations: &[Activation]) -> Result<HashSet<ChatId>, Error> {
        let chats = texts(activations.iter().map(|activation| activation.chat));
        let typed = self.branches.clone_with_type::<Id<ChatId>>();
        let living = typed.find(doc! {"_id": {"$in": chats}, "alive": true}).projection(doc! {"_id": 1});
        Ok(living.await?.map_ok(|chat| chat.id).try_collect().await?)
    }
}
