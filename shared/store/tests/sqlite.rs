//! SQLite files: permissions, deleted content, and files that cannot be written.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where something is amiss")]

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, QueryableByName, SqliteConnection};
use diesel_migrations::EmbeddedMigrations;
use futures_util::FutureExt as _;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::service::Service;
use shared_store::RunQueryDsl as _;
use shared_store::{Migrations, Store, StoreError, on};
use shared_test_kit::{Running, TestClient, application_parts, token_keys};
use shared_web::body_limits::BodyLimits;
use shared_web::context::Context;
use shared_web::metrics::Metrics;
use shared_web::problem::Problem;
use shared_web::server::{Application, Readiness, no_hooks, public};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const DELETED: &str = "what nobody may read any more";
const KEPT: &str = "what stays";
/// Rows with a text of about a kibibyte.
const ROWS: &str = "CREATE TABLE texts (text TEXT); \
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) \
                    INSERT INTO texts SELECT iif(i % 2, 'what nobody may read any more', 'what stays') \
                    || hex(randomblob(500)) FROM n;";
const DELETE_ROWS: &str = "DELETE FROM texts WHERE text LIKE 'what nobody%';";

/// A database in a folder that others can enter.
struct Database(TempDir);

impl Database {
    fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data.sqlite3")
    }

    async fn open(&self) -> Store {
        let none = || EmbeddedMigrations::new(&[]);
        let migrations = Migrations { postgres: none(), sqlite: none() };
        let url = SecretString::from(format!("sqlite:{}", self.path().display()));
        Store::open(&url, "chat", migrations, Duration::from_secs(10)).await.unwrap()
    }

    /// A connection of another program.
    fn other_process(&self) -> SqliteConnection {
        SqliteConnection::establish(self.path().to_str().unwrap()).unwrap()
    }

    /// The bytes of all files.
    fn bytes(&self) -> Vec<u8> {
        self.files().iter().flat_map(|file| fs::read(file).unwrap()).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn holds(&self, text: &str) -> bool {
        self.bytes().windows(text.len()).any(|window| window == text.as_bytes())
    }
}

async fn execute(store: &Store, statements: &str) -> Result<(), StoreError> {
    let statements = statements.to_owned();
    let written = store.write(move |session| async move { session.batch_execute(&statements).await }.boxed());
    written.await
}

/// Changes a setting of the writer.
async fn set(store: &Store, pragma: &str) {
    store.execute_outside_transaction(&format!("PRAGMA {pragma}")).await.unwrap();
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

async fn number(store: &Store, query: &str) -> Result<i64, StoreError> {
    let query = format!("SELECT ({query}) AS value");
    let read = store.read(move |session| {
        async move { on!(session, |c| diesel::sql_query(&query).get_result::<Number, _>(c).await) }.boxed()
    });
    read.await.map(|number| number.value)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn all_files_have_mode_600() {
    let database = Database::create();
    let store = database.open().await;
    execute(&store, ROWS).await.unwrap();
    let files = database.files();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
        // As after an earlier version, or a copy.
        fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
    }
    let again = database.open().await;
    execute(&again, DELETE_ROWS).await.unwrap();
    for file in &database.files() {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(mode(database.0.path()), 0o755, "the folder is another's");
}

#[tokio::test]
async fn deleted_content_is_overwritten_and_its_pages_are_freed() {
    let database = Database::create();
    let store = database.open().await;
    execute(&store, ROWS).await.unwrap();
    while store.reclaim().await.unwrap() {}
    let before = fs::metadata(database.path()).unwrap().len();
    assert!(database.holds(DELETED));
    execute(&store, DELETE_ROWS).await.unwrap();
    while store.reclaim().await.unwrap() {}
    assert!(!database.holds(DELETED));
    assert!(database.holds(KEPT));
    execute(&store, "DELETE FROM texts WHERE rowid % 10 > 0").await.unwrap();
    while store.reclaim().await.unwrap() {}
    let after = fs::metadata(database.path()).unwrap().len();
    assert!(after < before / 3, "{before} {after}");
    assert_eq!(number(&store, "SELECT count(*) FROM texts").await.unwrap(), 200);
}

#[tokio::test]
async fn a_file_without_auto_vacuum_is_rewritten_at_start_with_its_rows() {
    let database = Database::create();
    let mut old = database.other_process();
    old.batch_execute(&format!("PRAGMA journal_mode = WAL; {ROWS} {DELETE_ROWS}")).unwrap();
    assert!(database.holds(DELETED));
    drop(old);
    let before = fs::metadata(database.path()).unwrap().len();
    let store = database.open().await;
    assert_eq!(number(&store, "SELECT auto_vacuum FROM pragma_auto_vacuum").await.unwrap(), 2);
    assert_eq!(number(&store, "SELECT count(*) FROM texts").await.unwrap(), 1000);
    assert!(database.holds(KEPT) && !database.holds(DELETED));
    assert!(fs::metadata(database.path()).unwrap().len() < before * 2 / 3);
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[tokio::test]
async fn a_new_file_has_auto_vacuum_and_a_write_ahead_log() {
    let database = Database::create();
    let store = database.open().await;
    assert_eq!(number(&store, "SELECT auto_vacuum FROM pragma_auto_vacuum").await.unwrap(), 2);
    let query = "SELECT journal_mode FROM pragma_journal_mode";
    let read = store.read(move |session| {
        let query = diesel::sql_query(query);
        async move { on!(session, |c| query.get_result::<JournalMode, _>(c).await) }.boxed()
    });
    let read: Result<_, StoreError> = read.await;
    assert_eq!(read.unwrap().journal_mode, "wal");
}

async fn post_row(store: Data<Store>) -> Result<HttpResponse, Problem> {
    let insert = "INSERT INTO texts VALUES (hex(randomblob(5000)))";
    execute(&store, insert).await.map_err(|error| error.failure())?;
    Ok(HttpResponse::Created().finish())
}

async fn get_rows(store: Data<Store>) -> Result<HttpResponse, Problem> {
    let count = number(&store, "SELECT count(*) FROM texts").await.map_err(|error| error.failure())?;
    Ok(HttpResponse::Ok().json(count))
}

/// A service that writes rows and counts them.
fn service_of(store: &Store) -> Running {
    let context = Context {
        service: Service::Chat,
        keys: token_keys(&Clock::system()),
        metrics: Metrics::off(),
        traces: Traces::off(),
        times: ServerTimeouts::default(),
        max_connections: 1000,
        bodies: BodyLimits::default(),
    };
    let readiness = Readiness::new(store.clone().readiness_check());
    let data = Data::new(store.clone());
    let routes = move |app: &mut ServiceConfig| {
        app.app_data(data.clone()).service(public("/rows").get(get_rows).post(post_row));
    };
    Running::start(Application::bind(application_parts(context, readiness), no_hooks, routes).unwrap())
}

/// Asserts that a write is refused, that `/readyz` has the reason, and that reads succeed.
async fn expect_refused(client: &TestClient, status: u16, code: &str, retry_after: &str, reason: &str) {
    let answer = client.post("/rows", &serde_json::json!({})).await.expect(status);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), (code, retry_after));
    let ready = client.get("/readyz").await.expect(503);
    assert_eq!((ready.json()["reason"].as_str(), ready.header("retry-after")), (Some(reason), "1"));
    client.get("/rows").await.expect(200);
    client.get("/livez").await.expect(200);
}

async fn expect_ready(client: &TestClient) {
    client.get("/readyz").await.expect(200);
    client.post("/rows", &serde_json::json!({})).await.expect(201);
    client.get("/readyz").await.expect(200);
}

async fn set_up() -> (Database, Store, Running, TestClient) {
    let database = Database::create();
    let store = database.open().await;
    execute(&store, "CREATE TABLE texts (text TEXT)").await.unwrap();
    let service = service_of(&store);
    let client = TestClient::new(service.url());
    expect_ready(&client).await;
    (database, store, service, client)
}

#[tokio::test]
async fn writes_to_a_file_locked_by_another_process_are_503_and_reads_succeed() {
    let (database, _store, _service, client) = set_up().await;
    let mut other = database.other_process();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let unready = client.get("/readyz").await.expect(503);
    assert_eq!(unready.json()["reason"], "the database is locked");
    expect_refused(&client, 503, "service_unavailable", "1", "the database is locked").await;
    other.batch_execute("ROLLBACK").unwrap();
    expect_ready(&client).await;
}

#[tokio::test]
async fn new_connections_can_read_a_locked_file() {
    let database = Database::create();
    let store = database.open().await;
    let mut stranger = database.other_process();
    stranger.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(number(&store, "SELECT 1 AS number").await.unwrap(), 1);
}

#[tokio::test]
async fn writes_to_a_full_disk_are_507_and_reads_succeed() {
    let (_database, store, _service, client) = set_up().await;
    set(&store, "max_page_count = 1").await;
    expect_refused(&client, 507, "insufficient_storage", "30", "the database is full").await;
    expect_refused(&client, 507, "insufficient_storage", "30", "the database is full").await;
    set(&store, "max_page_count = 1000000").await;
    expect_ready(&client).await;
}

#[tokio::test]
async fn writes_to_a_read_only_file_are_503_and_reads_succeed() {
    let (_database, store, _service, client) = set_up().await;
    set(&store, "query_only = ON").await;
    expect_refused(&client, 503, "service_unavailable", "1", "the database is read-only").await;
    set(&store, "query_only = OFF").await;
    expect_ready(&client).await;
}

#[tokio::test]
async fn a_write_of_this_process_does_not_make_it_unready() {
    let (_database, store, _service, client) = set_up().await;
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (go, wait) = std::sync::mpsc::channel();
    let writing = store.write(move |session| {
        let write = async move {
            session.batch_execute("INSERT INTO texts VALUES ('x')").await?;
            begin.send(()).unwrap();
            wait.recv().unwrap();
            Ok::<_, StoreError>(())
        };
        write.boxed()
    });
    let asking = async {
        begun.await.unwrap();
        client.get("/readyz").await.expect(200);
        go.send(()).unwrap();
    };
    let (written, ()) = tokio::join!(writing, asking);
    written.unwrap();
}
