//! A locked family: other users do not wait for it.

use crate::app::{Session, spawn_app};
use serde_json::json;
use shared_test_kit::RowLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn a_locked_family_holds_one_connection() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    // SQLite has no row locks.
    let Some(lock) = RowLock::of(&app.database, "auth.refresh_families").await else { return };
    let answered = Arc::<AtomicUsize>::default();
    let using = (0..64).map(|number| {
        let (refreshing, leaving) = (app.client.clone(), session.client.clone());
        let (answered, body) = (Arc::clone(&answered), json!({"refresh_token": session.refresh_token}));
        tokio::spawn(async move {
            let answer = match number % 2 {
                0 => refreshing.post("/api/v1/auth/refresh", &body).await,
                _ => leaving.post("/api/v1/auth/logout", &body).await,
            };
            answered.fetch_add(1, Ordering::SeqCst);
            answer
        })
    });
    let using: Vec<_> = using.collect();
    lock.wait_for_waiter().await;
    let Session { client, refresh_token, .. } = app.session("bob").await;
    app.refresh(&refresh_token).await.expect(200);
    client.get("/api/v1/auth/me").await.expect(200);
    let (before, waiting) = (answered.load(Ordering::SeqCst), lock.waiting().await);
    assert!(before < 16 && waiting <= 1, "{before} were answered before another user was, {waiting} wait");

    drop(lock);
    for one in using {
        let answer = one.await.unwrap();
        match answer.status.as_u16() {
            200 | 401 => {}
            503 => assert_eq!(answer.header("retry-after"), "1"),
            other => panic!("{other}: {}", answer.text),
        }
    }
}
