//! New runs, one for each idempotency key, and one at a time for each branch.

use super::database_time::now;
use super::limits::{UserLimits, check_limits, count_question};
use super::run::{NewRun, Run};
use super::schema::runs;
use crate::error::Error;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, KeyId, ResponseId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};

/// Attempts to insert a run whose branch has another one that has ended before it could be told of.
const MAX_INSERT_ATTEMPTS: usize = 3;

/// The run that an equal request has created.
pub async fn replay(store: &Store, key: &IdempotencyKey) -> Result<Option<Run>, Error> {
    let id = key.id;
    let found = store.read(move |session| run_of_key(session, id).boxed()).await?;
    match found {
        Some(run) if run.request_hash.as_ref() != Some(&key.hash) => Err(Error::KeyReused),
        found => Ok(found),
    }
}

async fn run_of_key(session: &mut Session, key: KeyId) -> Result<Option<Run>, StoreError> {
    let keyed = runs::table.filter(runs::key_id.eq(key));
    on!(session, |c| keyed.select(Run::as_select()).first(c).await.optional())
}

/// Inserts a run within the limits of its owner, or finds the one that an equal request has created.
pub async fn insert_run(store: &Store, new: NewRun, limits: UserLimits) -> Result<Created<Run>, Error> {
    let bytes = new.question.len() + new.input_items.as_ref().map_or(0, String::len);
    store.write_sized(bytes, move |session| insert(session, new, limits).boxed()).await
}

async fn insert(session: &mut Session, new: NewRun, limits: UserLimits) -> Result<Created<Run>, Error> {
    let checked = check_limits(session, new.owner, limits).await;
    if let (Err(_), Some(found)) = (&checked, replay_in(session, &new).await?) {
        // It is not a new one.
        return Ok(Created::replayed(found));
    }
    let pace = checked?;
    for _ in 0..MAX_INSERT_ATTEMPTS {
        if let Some(made) = insert_row(session, &new).await? {
            count_question(session, new.owner, pace).await?;
            return Ok(Created::new(made));
        }
        if let Some(found) = replay_in(session, &new).await? {
            return Ok(Created::replayed(found));
        }
        let holder = runs::table.filter(runs::placed_branch.eq(new.placed_branch));
        let holder: Option<ResponseId> =
            on!(session, |c| holder.select(runs::response_id).first(c).await.optional())?;
        match holder {
            // It is the message that this question follows, though that is not recorded yet.
            Some(holder) if new.parent_response_id == Some(holder) => release_branch(session, holder).await?,
            Some(holder) => return Err(Error::AnswerRunning(holder)),
            // It has ended in between.
            None => {}
        }
    }
    // The user has as few answers under way as allowed: it is the branch that is busy.
    Err(StoreError::Locked("one answer after the other has ended on the branch".into()).into())
}

async fn insert_row(session: &mut Session, new: &NewRun) -> Result<Option<Run>, StoreError> {
    on!(session, |c| {
        let insert = diesel::insert_into(runs::table).values((new, runs::created_at.eq(now())));
        // Waits for a concurrent insert of the same key, or for the same branch.
        insert.on_conflict_do_nothing().returning(Run::as_returning()).get_result(c).await.optional()
    })
}

/// Lets another run be placed on the branch of this one.
async fn release_branch(session: &mut Session, holder: ResponseId) -> Result<(), StoreError> {
    let release = diesel::update(runs::table.find(holder)).set(runs::placed_branch.eq(None::<BranchId>));
    on!(session, |c| release.execute(c).await).map(drop)
}

async fn replay_in(session: &mut Session, new: &NewRun) -> Result<Option<Run>, Error> {
    let Some(key) = new.key_id else { return Ok(None) };
    match run_of_key(session, key).await? {
        Some(run) if run.request_hash != new.request_hash => Err(Error::KeyReused),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Placement, Truncation};
    use crate::store::{InitialProgress, drop_run, migrations};
    use shared::ids::{ChatId, UserId};
    use shared_test_kit::TestDatabase;
    use std::time::Duration;

    fn run() -> NewRun {
        let chat_id = ChatId::generate();
        NewRun {
            response_id: ResponseId::generate(),
            owner: UserId::generate(),
            chat_id,
            branch_id: chat_id.trunk(),
            parent_response_id: None,
            depth: 0,
            placement: Placement::Append,
            activate: false,
            question: "q".to_owned(),
            input_items: None,
            instructions: None,
            model: "fig-1".to_owned(),
            parameters: "{}".to_owned(),
            truncation: Truncation::Auto,
            stops_on_disconnect: false,
            progress: InitialProgress::default(),
            placed_branch: Some(chat_id.trunk()),
            key_id: None,
            request_hash: None,
            request_id: "1".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_conflict_that_nothing_is_found_to_cause_is_no_limit_of_the_user() {
        let database = TestDatabase::create().await;
        let url = database.url("answer");
        let store = Store::open(&url, "answer", migrations(), Duration::from_secs(5)).await.unwrap();
        let limits = UserLimits { runs: 9, questions_per_minute: 9, tokens_per_day: None };
        let (new, other) = (run(), run());
        let of_same_branch = |branch: BranchId| NewRun { placed_branch: Some(branch), ..other.clone() };
        let first = insert_run(&store, new.clone(), limits).await.unwrap().object;
        let running = insert_run(&store, of_same_branch(new.branch_id), limits).await.unwrap_err();
        assert!(matches!(running, Error::AnswerRunning(id) if id == first.response_id), "{running:?}");
        drop_run(&store, first.response_id).await.unwrap();

        // Its id is taken, and its branch is not.
        let refused = insert_run(&store, new, limits).await.unwrap_err();

        assert!(matches!(refused, Error::Store(StoreError::Locked(_))), "{refused:?}");
    }
}
