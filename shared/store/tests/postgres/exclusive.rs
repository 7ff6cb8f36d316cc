//! Operations that run one at a time on all replicas of a service.

use super::{open, open_with, url};
use futures_util::FutureExt as _;
use shared_store::{Store, StoreError};
use shared_test_kit::TestDatabase;
use std::time::Duration;

async fn run(store: &Store) -> Option<()> {
    let run: Result<_, StoreError> = store.write_exclusively(|_| async { Ok(()) }.boxed()).await;
    run.unwrap()
}

pub(super) async fn operations_run_one_at_a_time_on_all_replicas_of_a_service(database: &TestDatabase) {
    let (first, second) = (open(&url(database)).await.unwrap(), open(&url(database)).await.unwrap());
    // Another service has a lock of its own.
    let auth = open_with(&database.url("auth"), "auth", Duration::from_secs(2)).await.unwrap();
    for is_committed in [true, false] {
        let (second, auth) = (second.clone(), auth.clone());
        let meanwhile = first.write_exclusively(move |_| {
            let meanwhile = async move {
                assert_eq!((run(&second).await, run(&auth).await), (None, Some(())));
                if is_committed { Ok(()) } else { Err(StoreError::Failed("it is rolled back".into())) }
            };
            meanwhile.boxed()
        });
        assert_eq!(meanwhile.await.is_ok(), is_committed);
    }
    assert_eq!(run(&second).await, Some(()));
}
