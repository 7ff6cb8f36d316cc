//! Group commit on SQLite: operations in one transaction, of which some fail.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is amiss")]

use diesel::Connection as _;
use diesel::QueryableByName;
use diesel::connection::SimpleConnection as _;
use diesel::result::Error as DieselError;
use diesel::sql_types::BigInt;
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use shared_store::RunQueryDsl as _;
use shared_store::{Migrations, Session, Store, StoreError, on};
use shared_test_kit::TestDatabase;
use std::fs;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;

type Write = BoxFuture<'static, Result<(), StoreError>>;

async fn open(database: &TestDatabase) -> Store {
    let none = || EmbeddedMigrations::new(&[]);
    let migrations = Migrations { postgres: none(), sqlite: none() };
    Store::open(&database.url("chat"), "chat", migrations, Duration::from_secs(10)).await.unwrap()
}

/// A store with an empty table `texts`.
async fn set_up() -> (TestDatabase, Store) {
    let database = TestDatabase::sqlite();
    let store = open(&database).await;
    execute(&store, "CREATE TABLE texts (text TEXT UNIQUE)").await.unwrap();
    (database, store)
}

async fn run(session: &mut Session, statement: String) -> Result<(), StoreError> {
    session.batch_execute(&statement).await
}

fn execute(store: &Store, statement: impl Into<String>) -> Write {
    let (store, statement) = (store.clone(), statement.into());
    async move { store.write(move |session| run(session, statement).boxed()).await }.boxed()
}

fn insert(store: &Store, text: &str) -> Write {
    execute(store, format!("INSERT INTO texts VALUES ('{text}')"))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

async fn count(store: &Store, condition: &str) -> i64 {
    let query = format!("SELECT count(*) AS value FROM texts WHERE {condition}");
    let read = store.read(move |session| {
        async move { on!(session, |c| diesel::sql_query(query).get_result::<Number, _>(c).await) }.boxed()
    });
    let number: Result<Number, StoreError> = read.await;
    number.unwrap().value
}

/// Runs these operations in one transaction, after one that inserts "first" and holds the writer until all of them wait.
async fn commit_together(
    store: &Store,
    operations: Vec<Write>,
) -> (Result<(), StoreError>, Vec<Result<(), StoreError>>) {
    let (begin, begun) = oneshot::channel();
    let (go, wait) = mpsc::channel();
    let first = store.write(move |session| {
        let hold = async move {
            run(session, "INSERT INTO texts VALUES ('first')".to_owned()).await?;
            begin.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        };
        hold.boxed()
    });
    let others = async {
        begun.await.unwrap();
        let release = async { go.send(()).unwrap() };
        // They are polled in this order, and an operation is queued at its first poll.
        tokio::join!(join_all(operations), release).0
    };
    tokio::join!(first, others)
}

fn message<T>(result: &Result<T, StoreError>) -> String {
    result.as_ref().err().map(|error| error.failure().cause).unwrap_or_default()
}

#[tokio::test]
async fn an_operation_that_fails_leaves_its_neighbours_alone() {
    let (_database, store) = set_up().await;
    let half_done = "INSERT INTO texts VALUES ('half'); INSERT INTO texts VALUES ('before')";

    let operations = vec![insert(&store, "before"), execute(&store, half_done), insert(&store, "after")];
    let (first, others) = commit_together(&store, operations).await;

    first.unwrap();
    assert!(others[0].is_ok() && others[2].is_ok());
    assert!(others[1].as_ref().unwrap_err().is_unique_violation());
    assert_eq!(count(&store, "text IN ('first', 'before', 'after')").await, 3);
    assert_eq!(count(&store, "text = 'half'").await, 0);
}

/// Panics within a savepoint of its own.
fn write_and_panic(session: &mut Session) -> Result<(), StoreError> {
    let failure = || -> DieselError { panic!("as a test wants") };
    let Session::Sqlite(connection) = session else { return Ok(()) };
    let written = connection.transaction(|connection| {
        connection.batch_execute("INSERT INTO texts VALUES ('half')")?;
        Err::<(), _>(failure())
    });
    Ok(written?)
}

#[tokio::test]
async fn an_operation_that_panics_takes_nobody_along() {
    let (_database, store) = set_up().await;
    let panicking = store.clone();
    let panicking =
        async move { panicking.write(|session| async move { write_and_panic(session) }.boxed()).await };

    let operations = vec![insert(&store, "before"), panicking.boxed(), insert(&store, "after")];
    let (first, others) = commit_together(&store, operations).await;

    first.unwrap();
    assert!(others[0].is_ok() && others[2].is_ok());
    assert!(message(&others[1]).contains("panicked"), "{others:?}");
    assert_eq!(count(&store, "text IN ('first', 'before', 'after')").await, 3);
    assert_eq!(count(&store, "text = 'half'").await, 0);
    insert(&store, "later").await.unwrap();
}

/// Waits for something other than the database after it has written.
async fn write_and_yield(session: &mut Session) -> Result<(), StoreError> {
    run(session, "INSERT INTO texts VALUES ('half')".to_owned()).await?;
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test]
async fn an_operation_that_waits_for_something_else_fails_and_is_rolled_back() {
    let (_database, store) = set_up().await;

    let written = store.write(|session| write_and_yield(session).boxed()).await;
    let read: Result<(), StoreError> = store.read(|_| std::future::pending().boxed()).await;

    assert!(message(&written).contains("waited"), "{written:?}");
    assert!(message(&read).contains("waited"), "{read:?}");
    assert_eq!(count(&store, "true").await, 0);
    insert(&store, "later").await.unwrap();
}

#[tokio::test]
async fn an_operation_whose_caller_has_gone_is_carried_out() {
    let (_database, store) = set_up().await;

    let mut gone = insert(&store, "gone");
    assert!(gone.as_mut().now_or_never().is_none());
    drop(gone);

    // The writer takes them in order.
    insert(&store, "later").await.unwrap();
    assert_eq!(count(&store, "text = 'gone'").await, 1);
}

#[tokio::test]
async fn ten_thousand_writers_wait_in_a_bounded_queue_or_are_refused_at_once() {
    let (_database, store) = set_up().await;
    let writers = (0..10_000).map(|n| insert(&store, &n.to_string())).collect();

    let (first, others) = commit_together(&store, writers).await;

    first.unwrap();
    let (written, refused): (Vec<_>, Vec<_>) = others.iter().partition(|result| result.is_ok());
    assert_eq!((written.len(), refused.len()), (4096, 10_000 - 4096));
    for refusal in refused {
        assert!(matches!(refusal, Err(StoreError::Unavailable(_))), "{refusal:?}");
    }
    assert_eq!(count(&store, "true").await, 4097);
}

#[tokio::test]
async fn a_write_that_is_answered_is_on_disk() {
    let (database, store) = set_up().await;
    insert(&store, "answered").await.unwrap();

    // The files as a crash would leave them.
    let copied = TestDatabase::sqlite();
    let (TestDatabase::Sqlite(from), TestDatabase::Sqlite(to)) = (&database, &copied) else { return };
    for file in fs::read_dir(from.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }

    assert_eq!(count(&open(&copied).await, "text = 'answered'").await, 1);
}

#[tokio::test]
async fn a_full_disk_refuses_all_operations_of_the_transaction_and_writing_goes_on_once_there_is_space() {
    let (_database, store) = set_up().await;
    store.execute_outside_transaction("PRAGMA max_page_count = 50").await.unwrap();
    let large = "INSERT INTO texts VALUES (hex(randomblob(1000000)))";

    let operations = vec![insert(&store, "before"), execute(&store, large), insert(&store, "after")];
    let (first, others) = commit_together(&store, operations).await;

    for refused in [&first, &others[0], &others[1]] {
        assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    }
    // The next transaction begins anew.
    assert!(others[2].is_ok());
    assert_eq!(count(&store, "text <> 'after'").await, 0);
    store.execute_outside_transaction("PRAGMA max_page_count = 1000000").await.unwrap();
    execute(&store, large).await.unwrap();
    assert_eq!(count(&store, "true").await, 2);
}

#[tokio::test]
async fn a_commit_that_fails_refuses_all_operations_of_the_transaction() {
    let (_database, store) = set_up().await;
    let child = "CREATE TABLE parents (id INTEGER PRIMARY KEY); \
                 CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)";
    execute(&store, child).await.unwrap();

    let orphan = "INSERT INTO children VALUES (1)";
    let operations = vec![insert(&store, "before"), execute(&store, orphan), insert(&store, "before")];
    let (first, others) = commit_together(&store, operations).await;

    // The last one as well: what it conflicts with has not been written.
    for refused in others.iter().chain([&first]) {
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(count(&store, "true").await, 0);
    insert(&store, "later").await.unwrap();
}

#[tokio::test]
async fn what_waits_is_committed_together_up_to_64_operations_and_4_mib() {
    let (_database, store) = set_up().await;
    let sized = |bytes: usize| {
        let store = store.clone();
        let write =
            async move { store.write_statement_sized(bytes, |_| std::future::ready(Ok(())).boxed()).await };
        write.boxed()
    };
    let before = store.commits().unwrap();

    let (first, _) = commit_together(&store, (0..127).map(|_| sized(0)).collect()).await;
    first.unwrap();
    let by_number = store.commits().unwrap();
    execute(&store, "DELETE FROM texts").await.unwrap();
    let (first, _) = commit_together(&store, [2 << 20, 2 << 20, 1].map(sized).into()).await;
    first.unwrap();
    let by_size = store.commits().unwrap();

    assert_eq!(by_number.commits - before.commits, 2);
    assert_eq!(by_number.operations - before.operations, 128);
    assert_eq!(by_size.commits - by_number.commits, 3);
}

#[tokio::test]
async fn the_last_handle_waits_for_the_operations_in_the_queue() {
    let (database, store) = set_up().await;
    let (begin, begun) = oneshot::channel();
    let (go, wait) = mpsc::channel::<()>();
    let mut holding = store
        .write(move |_| {
            begin.send(()).unwrap();
            async move { wait.recv().map_err(|error| StoreError::Failed(error.into())) }.boxed()
        })
        .boxed();
    let mut queued = insert(&store, "queued");
    assert!(holding.as_mut().now_or_never().is_none() && queued.as_mut().now_or_never().is_none());
    begun.await.unwrap();

    drop((holding, queued));
    go.send(()).unwrap();
    drop(store);

    assert_eq!(count(&open(&database).await, "text = 'queued'").await, 1);
}
