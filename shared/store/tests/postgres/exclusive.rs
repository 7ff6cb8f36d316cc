//! Operations that run one at a time on all replicas of a service.

use super::{open, url};
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use shared_store::{Migrations, Store, StoreError};
use shared_test_kit::TestDatabase;
use std::time::Duration;

async fn run(store: &Store) -> Option<()> {
    let run: Result<_, StoreError> = store.write_exclusively(|_| async { Ok(()) }.boxed()).await;
    run.unwrap()
}

/// Another service has tables, and a lock, of its own.
async fn other_service(database: &TestDatabase) -> Store {
    let none = || EmbeddedMigrations::new(&[]);
    let migrations = Migrations { postgres: none(), sqlite: none() };
    Store::open(&database.url("auth"), "auth", migrations, Duration::from_secs(2)).await.unwrap()
}

pub(super) async fn operations_run_one_at_a_time_on_all_replicas_of_a_service(database: &TestDatabase) {
    let (first, second) = (open(&url(database)).await.unwrap(), open(&url(database)).await.unwrap());
    let auth = other_service(database).await;
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
