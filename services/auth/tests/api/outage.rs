//! Sessions while SQLite's file cannot be written. On PostgreSQL they fail.

use crate::app::{PASSWORD, TestApp, password_grant, spawn_app_with};
use auth::config::Config;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use secrecy::ExposeSecret as _;
use serde_json::json;
use shared_test_kit::TestDatabase;

/// Another process that locks the file.
struct Lock(SqliteConnection);

impl Lock {
    fn take(path: &str) -> Self {
        let mut connection = SqliteConnection::establish(path).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
        Self(connection)
    }

    fn release(mut self) {
        self.0.batch_execute("ROLLBACK").unwrap();
    }
}

/// A service on a file whose path is known.
async fn spawn_on_sqlite() -> (TestApp, TestDatabase, String) {
    let database = TestDatabase::sqlite();
    let url = database.url("auth");
    let path = url.expose_secret().strip_prefix("sqlite:").unwrap().to_owned();
    let app = spawn_app_with(move |config: &mut Config| config.database = url).await;
    (app, database, path)
}

#[tokio::test]
async fn a_login_while_the_file_is_locked_gets_valid_tokens() {
    let (app, _database, path) = spawn_on_sqlite().await;
    let ann = app.session("ann").await;
    let lock = Lock::take(&path);
    let (first, second) = tokio::join!(app.login("ann", PASSWORD), app.login("ann", PASSWORD));
    let (first, second) = (first.expect(200).json(), second.expect(200).json());
    let client = app.client.with_token(first["access_token"].as_str().unwrap());
    client.get("/api/v1/auth/me").await.expect(200);
    app.login("ann", "another horse").await.expect(401);

    let tokens = [&first, &second].map(|pair| pair["refresh_token"].as_str().unwrap());
    let refused = app.refresh(tokens[0]).await.expect(503);
    assert_eq!(refused.header("retry-after"), "1");
    // A logout ends the session, also once the login could be written.
    client.post("/api/v1/auth/logout", &json!({"refresh_token": tokens[1]})).await.expect(200);

    lock.release();
    app.refresh(tokens[0]).await.expect(200);
    app.refresh(tokens[1]).await.expect(401);
    app.refresh(&ann.refresh_token).await.expect(200);
}

#[tokio::test]
async fn a_password_grant_works_like_a_login_while_the_file_is_locked() {
    let (app, _database, path) = spawn_on_sqlite().await;
    app.session("ann").await;
    let lock = Lock::take(&path);
    let tokens = app.token(&password_grant("ann", PASSWORD)).await.expect(200).json();
    let token = tokens["refresh_token"].as_str().unwrap();
    let refused = app.refresh_grant(token).await.expect(503);
    assert_eq!((refused.header("retry-after"), refused.code().as_str()), ("1", "service_unavailable"));
    assert_eq!(refused.json()["error"], "temporarily_unavailable");

    lock.release();
    app.refresh_grant(token).await.expect(200);
}

#[tokio::test]
async fn a_pending_login_is_dropped_after_a_password_change() {
    let (app, _database, path) = spawn_on_sqlite().await;
    let ann = app.session("ann").await;
    let lock = Lock::take(&path);
    let pair = app.login("ann", PASSWORD).await.expect(200).json();
    let change = json!({"current_password": PASSWORD, "new_password": "another horse"});
    ann.client.put("/api/v1/auth/change-password", &change).await.expect(503);

    let mut lock = lock;
    // The other process changes it.
    lock.0.batch_execute("UPDATE users SET password_hash = 'x'; COMMIT; BEGIN").unwrap();
    lock.release();
    app.refresh(pair["refresh_token"].as_str().unwrap()).await.expect(401);
}

#[tokio::test]
async fn a_pending_login_stays_valid_if_a_later_one_finds_the_hash_outdated() {
    let (app, _database, path) = spawn_on_sqlite().await;
    app.session("ann").await;
    let mut lock = Lock::take(&path);
    let outdated = bcrypt::hash(PASSWORD, 5).unwrap();
    let update = format!("UPDATE users SET password_hash = '{outdated}'; COMMIT; BEGIN IMMEDIATE");
    lock.0.batch_execute(&update).unwrap();
    let first = app.login("ann", PASSWORD).await.expect(200).json();
    lock.release();
    app.login("ann", PASSWORD).await.expect(200);
    app.refresh(first["refresh_token"].as_str().unwrap()).await.expect(200);
}
