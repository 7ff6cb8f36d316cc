//! A wrong password counts as a failed login where it confirms an operation.

use super::{ELSEWHERE, HERE, WRONG, held};
use crate::app::{PASSWORD, spawn_app};
use futures_util::future::join_all;

#[tokio::test]
async fn a_wrong_password_counts_wherever_it_is_asked_for() {
    let app = spawn_app().await;
    let ann = app.session("ann").await.from(HERE);
    for _ in 0..7 {
        ann.delete_with(WRONG).await.expect(403);
        ann.change_with(WRONG).await.expect(403);
        app.fail(1, HERE, "ann").await;
    }
    for seconds in [1, 2] {
        // The right password is not checked either.
        for password in [WRONG, PASSWORD] {
            assert_eq!(held(ann.delete_with(password).await), seconds);
            assert_eq!(held(ann.change_with(password).await), seconds);
            assert_eq!(held(app.login_from(HERE, "Ann", password).await), seconds);
        }
        app.wait(seconds);
        ann.delete_with(WRONG).await.expect(403);
    }

    // Neither from other addresses nor for other users.
    ann.from(ELSEWHERE).change_with(WRONG).await.expect(403);
    app.login_from(ELSEWHERE, "ann", PASSWORD).await.expect(200);
    app.session("bob").await.from(HERE).delete_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_right_password_ends_the_waits_wherever_it_is_asked_for() {
    let app = spawn_app().await;
    let ann = app.session("ann").await.from(HERE);
    app.fail(20, HERE, "ann").await;
    ann.change_with(PASSWORD).await.expect(200);
    app.fail(20, HERE, "ann").await;
    ann.delete_with("another horse").await.expect(200);
}

#[tokio::test]
async fn a_token_holder_is_throttled_across_addresses() {
    let app = spawn_app().await;
    let ann = app.session("ann").await;
    for number in 0..51 {
        ann.from(&format!("192.0.2.{number}")).delete_with(WRONG).await.expect(403);
    }

    assert_eq!(held(ann.from(ELSEWHERE).change_with(PASSWORD).await), 1);
    assert_eq!(held(app.login_from(ELSEWHERE, "ann", PASSWORD).await), 1);
    // She has logged in from this address.
    ann.change_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn once_failures_cost_a_wait_one_of_many_concurrent_confirmations_is_tried() {
    let app = spawn_app().await;
    let ann = app.session("ann").await.from(HERE);
    app.fail(20, HERE, "ann").await;

    let answers = join_all((0..16).map(|_| ann.delete_with(WRONG))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 403).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 15);
}
