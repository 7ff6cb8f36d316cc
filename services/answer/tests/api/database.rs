//! The database of the service under test, where a test moves what takes long, and looks for what should be gone.

use crate::app::TestApp;
use answer::store::sweep;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{Connection as _, QueryableByName, SqliteConnection, sql_query};
use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;
use shared_store::{RunQueryDsl, StoreError, on};
use shared_test_kit::{RowLock, TestDatabase};

/// The time of leases that are over.
fn past(app: &TestApp) -> &'static str {
    if is_sqlite(app) { "0" } else { "'1970-01-01Z'" }
}

fn is_sqlite(app: &TestApp) -> bool {
    matches!(app.database, TestDatabase::Sqlite(_))
}

/// An id in SQL.
fn literal(app: &TestApp, id: &str) -> String {
    if is_sqlite(app) { format!("x'{}'", id.replace('-', "")) } else { format!("'{id}'") }
}

async fn execute(app: &TestApp, sql: String) {
    let store = app.store().await;
    let executed = store.write(move |session| async move { session.batch_execute(&sql).await }.boxed());
    executed.await.unwrap_or_else(|error: StoreError| panic!("{error:?}"));
}

/// Ends the lease of a run, as if its owner had not been heard of for long.
pub async fn expire_lease(app: &TestApp, id: &str) {
    let (id, past) = (literal(app, id), past(app));
    execute(app, format!("UPDATE runs SET lease_until = {past} WHERE response_id = {id}")).await;
}

/// Takes a run from its owner, and queues it as if nothing had been shown.
pub async fn requeue(app: &TestApp, id: &str) {
    let id = literal(app, id);
    let run =
        format!("UPDATE runs SET state = 'queued', epoch = epoch + 1, seq = 0 WHERE response_id = {id}");
    execute(app, format!("{run}; DELETE FROM chunks WHERE response_id = {id}")).await;
}

/// Prunes the chunks of a run that has ended, as if that were long ago.
pub async fn prune(app: &TestApp, id: &str) {
    let (id, time) = (
        literal(app, id),
        if is_sqlite(app) { "ended_at - 7200000000" } else { "ended_at - interval '2 hours'" },
    );
    execute(app, format!("UPDATE runs SET ended_at = {time} WHERE response_id = {id}")).await;
    sweep(&app.store().await, app.config.account_retention).await.unwrap();
}

/// Records that an account was deleted while what it has was stored, and sweeps.
pub async fn delete_behind(app: &TestApp, account: &str) {
    let (account, past) = (literal(app, account), past(app));
    execute(app, format!("INSERT INTO deleted_accounts (account_id, deleted_at) VALUES ({account}, {past})"))
        .await;
    sweep(&app.store().await, app.config.account_retention).await.unwrap();
}

/// Nobody else writes the runs that there are, until this is dropped.
pub enum WriteLock {
    Sqlite { _writer: Box<SqliteConnection> },
    Postgres { _rows: Box<RowLock> },
}

impl WriteLock {
    pub async fn of(app: &TestApp) -> Self {
        if let Some(rows) = RowLock::of(&app.database, "answer.runs").await {
            return Self::Postgres { _rows: Box::new(rows) };
        }
        let url = app.database.url("answer");
        let mut writer =
            SqliteConnection::establish(url.expose_secret().trim_start_matches("sqlite:")).unwrap();
        writer.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
        Self::Sqlite { _writer: Box::new(writer) }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many rows of runs and chunks have a text.
pub async fn rows_with(app: &TestApp, text: &str) -> i64 {
    let sql = format!(
        "SELECT (SELECT count(*) FROM runs WHERE question LIKE '%{text}%' OR response LIKE '%{text}%' OR message LIKE '%{text}%') \
         + (SELECT count(*) FROM chunks WHERE data LIKE '%{text}%') AS count"
    );
    count(app, sql).await
}

/// How many rows of runs, or of another table, there are.
pub async fn rows_of(app: &TestApp, table: &str) -> i64 {
    count(app, format!("SELECT count(*) AS count FROM {table}")).await
}

async fn count(app: &TestApp, sql: String) -> i64 {
    let store = app.store().await;
    let counted = store.read(move |session| {
        async move { on!(session, |c| sql_query(sql).get_result::<Count, _>(c).await) }.boxed()
    });
    counted.await.unwrap_or_else(|error: StoreError| panic!("{error:?}")).count
}
