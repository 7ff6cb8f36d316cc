//! Defaults of a server, a database or a role.

use super::{execute, open, url};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use shared_store::RunQueryDsl as _;
use shared_store::{Session, Store, StoreError, on};
use shared_test_kit::TestDatabase;
use std::collections::BTreeSet;
use tokio_postgres::{Client, NoTls};

/// A connection of the test.
async fn connect(database: &TestDatabase) -> Client {
    let (client, connection) = tokio_postgres::connect(url(database).as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Changes a default of the database for new sessions.
pub(super) async fn alter(database: &TestDatabase, setting: &str) {
    let name = url(database).path().trim_start_matches('/').to_owned();
    connect(database).await.batch_execute(&format!("ALTER DATABASE {name} {setting}")).await.unwrap();
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn show(store: &Store, name: &str) -> String {
    let query = format!("SELECT current_setting('{name}') AS value");
    let shown = store.read(move |session| {
        async move { on!(session, |c| diesel::sql_query(query).get_result::<Setting, _>(c).await) }.boxed()
    });
    let shown: Result<Setting, StoreError> = shown.await;
    shown.unwrap().value
}

pub(super) async fn defaults_of_the_database_are_overridden(database: &TestDatabase) {
    for setting in [
        "SET default_transaction_isolation = 'serializable'",
        "SET synchronous_commit = off",
        "SET enable_seqscan = on",
        "SET client_min_messages = log",
        "SET search_path = nowhere",
        "SET statement_timeout = '400ms'",
        "SET idle_in_transaction_session_timeout = 0",
        "SET \"TimeZone\" = 'Asia/Kathmandu'",
        "SET \"DateStyle\" = 'SQL, DMY'",
    ] {
        alter(database, setting).await;
    }
    let store = open(&url(database)).await.unwrap();
    for (name, value) in [
        ("transaction_isolation", "read committed"),
        ("synchronous_commit", "on"),
        ("enable_seqscan", "off"),
        ("random_page_cost", "0"),
        ("client_min_messages", "warning"),
        ("search_path", "chat"),
        ("statement_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "2s"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(show(&store, name).await, value, "{name}");
    }
    alter(database, "SET synchronous_commit = remote_apply").await;
    let stricter = open(&url(database)).await.unwrap();
    assert_eq!(show(&stricter, "synchronous_commit").await, "remote_apply");
}

pub(super) async fn writers_of_one_row_wait_for_each_other_at_any_default_isolation(database: &TestDatabase) {
    for isolation in ["serializable", "repeatable read"] {
        alter(database, &format!("SET default_transaction_isolation = '{isolation}'")).await;
        let store = open(&url(database)).await.unwrap();
        let make = "CREATE TABLE IF NOT EXISTS line (head INTEGER NOT NULL)";
        execute(&store, make.to_owned()).await.unwrap();
        execute(&store, "INSERT INTO line VALUES (0)".to_owned()).await.unwrap();
        let writers = (0..16).map(|_| store.write(|session| raise_head(session).boxed()));
        for written in join_all(writers).await {
            written.unwrap();
        }
    }
}

async fn raise_head(session: &mut Session) -> Result<(), StoreError> {
    // Takes a snapshot before the other writers have committed.
    on!(session, |c| diesel::sql_query("SELECT head FROM line").execute(c).await)?;
    on!(session, |c| diesel::sql_query("UPDATE line SET head = head + 1").execute(c).await).map(drop)
}

pub(super) async fn migrations_wait_for_their_lock_beyond_default_timeouts(database: &TestDatabase) {
    // The defaults count until a new connection has set others, which a busy machine may hold up.
    for setting in ["SET statement_timeout = '400ms'", "SET lock_timeout = '400ms'"] {
        alter(database, setting).await;
    }
    let other = connect(database).await;
    other
        .batch_execute("SET statement_timeout = 0; SELECT pg_advisory_lock(x'62616e79616e'::bigint)")
        .await
        .unwrap();
    let url = url(database);
    let opening = tokio::spawn(async move { open(&url).await });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while other.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
    other.batch_execute("SELECT pg_sleep(0.5); SELECT pg_advisory_unlock_all()").await.unwrap();
    opening.await.unwrap().unwrap().ping().await.unwrap();
}

pub(super) async fn the_promotion_of_a_replica_is_waited_for(database: &TestDatabase) {
    alter(database, "SET default_transaction_read_only = on").await;
    let other = connect(database).await;
    let url = url(database);
    let opening = tokio::spawn(async move { open(&url).await });
    let mut attempts = BTreeSet::new();
    while attempts.len() < 2 {
        let sessions =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let sessions = other.query(sessions, &[]).await.unwrap();
        attempts.extend(sessions.iter().map(|row| row.get::<_, i32>(0)));
        assert!(!opening.is_finished(), "it was not waited for");
    }
    other.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    let name = other.query_one("SELECT current_database()::text", &[]).await.unwrap().get::<_, String>(0);
    other.batch_execute(&format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await.unwrap();
    opening.await.unwrap().unwrap().check().await.unwrap();
}
