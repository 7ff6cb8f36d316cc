//! A row of PostgreSQL that somebody else has locked.

use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl as _;
use shared::ids::BranchId;
use shared::store::{Store, StoreError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A transaction of somebody else that has locked a branch's row, until it is let go.
pub struct RowLock {
    release: oneshot::Sender<()>,
    done: JoinHandle<Result<(), StoreError>>,
}

impl RowLock {
    pub async fn of(store: &Store, branch: BranchId) -> Self {
        let (store, statement) =
            (store.clone(), format!("SELECT 1 FROM branches WHERE branch_id = '{branch}' FOR UPDATE"));
        let (release, released) = oneshot::channel();
        let (locked, is_locked) = oneshot::channel();
        let done = tokio::spawn(async move {
            shared::tx!(&store, |c| {
                diesel::sql_query(&statement).execute(c).await?;
                locked.send(()).unwrap();
                released.await.unwrap();
                Ok(())
            })
        });
        is_locked.await.unwrap();
        Self { release, done }
    }

    pub async fn release(self) {
        self.release.send(()).unwrap();
        self.done.await.unwrap().unwrap();
    }
}

#[derive(Debug, diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many connections to the test's database wait for a lock.
pub async fn waiting(store: &Store) -> Result<i64, StoreError> {
    let waiting = "SELECT count(*) AS count FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let found: Count = shared::on!(store, |c| diesel::sql_query(waiting).get_result(c).await)?;
    Ok(found.count)
}
