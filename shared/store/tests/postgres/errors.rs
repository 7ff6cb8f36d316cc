//! Errors by SQLSTATE, and a read-only server.

use super::{execute, open, service_of, url};
use diesel::sql_types::Integer;
use futures_util::FutureExt as _;
use shared_store::RunQueryDsl as _;
use shared_store::{Store, StoreError, on};
use shared_test_kit::{TestClient, TestDatabase};

/// Raises an error of this SQLSTATE and message on the server.
async fn raise(store: &Store, code: &str, words: &str) -> StoreError {
    let raised = format!("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = '{words}'; END $$");
    execute(store, raised).await.unwrap_err()
}

fn name(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Locked(_) => "locked",
        StoreError::ReadOnly(_) => "read-only",
        StoreError::Full(_) => "full",
        StoreError::Query(_) | StoreError::Failed(_) => "failed",
    }
}

pub(super) async fn are_classified_by_sqlstate_in_every_language(database: &TestDatabase) {
    let store = open(&url(database)).await.unwrap();
    for (code, words, expected) in [
        // The server's own messages with German lc_messages.
        ("57014", "storniere Anfrage wegen Zeitüberschreitung der Anfrage", "unavailable"),
        ("57P01", "breche Verbindung ab aufgrund von Anweisung des Administrators", "unavailable"),
        ("57P03", "das Datenbanksystem startet", "unavailable"),
        ("53300", "tut mir leid, schon zu viele Verbindungen", "unavailable"),
        ("55P03", "storniere Anfrage wegen Zeitüberschreitung einer Sperre", "locked"),
        ("40P01", "Verklemmung (Deadlock) entdeckt", "locked"),
        ("40001", "konnte Zugriff nicht serialisieren", "locked"),
        (
            "53100",
            "konnte Datei nicht erweitern: Auf dem Gerät ist kein Speicherplatz mehr verfügbar",
            "full",
        ),
        ("25006", "INSERT kann nicht in einer Read-Only-Transaktion ausgeführt werden", "read-only"),
        // The message of one error with the code of another.
        ("22012", "canceling statement due to statement timeout", "failed"),
        ("P0001", "database is locked", "failed"),
    ] {
        let error = raise(&store, code, words).await;
        assert_eq!(name(&error), expected, "{code}: {error:?}");
    }
    assert!(raise(&store, "23505", "doppelter Schlüsselwert").await.is_unique_violation());
}

async fn backend(store: &Store) -> i32 {
    let asked: Result<i32, StoreError> = store
        .read(|session| {
            let pid = diesel::select(diesel::dsl::sql::<Integer>("pg_backend_pid()"));
            async move { on!(session, |c| pid.get_result(c).await) }.boxed()
        })
        .await;
    asked.unwrap()
}

pub(super) async fn a_refused_write_replaces_all_connections(database: &TestDatabase) {
    let store = open(&url(database)).await.unwrap();
    let before = backend(&store).await;
    assert_eq!(backend(&store).await, before);
    let written = store.write(|session| {
        let write = async move {
            on!(session, |c| {
                diesel::sql_query("SET TRANSACTION READ ONLY").execute(c).await?;
                diesel::sql_query("CREATE TABLE refused ()").execute(c).await
            })
        };
        write.boxed()
    });
    let error: StoreError = written.await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    assert_ne!(backend(&store).await, before);
}

pub(super) async fn a_read_only_server_is_not_ready(database: &TestDatabase) {
    let store = open(&url(database)).await.unwrap();
    super::settings::alter(database, "SET default_transaction_read_only = on").await;
    let service = service_of(&store);
    let client = TestClient::new(service.url());
    let answer = client.get("/readyz").await.expect(503);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.json()["reason"], "the database is read-only");
    store.ping().await.unwrap();
}
