//! Failed logins of an account, at an address and from anywhere.

use super::{ELSEWHERE, HERE, WRONG, app_with_ann, held, with_ann};
use crate::app::{PASSWORD, spawn_app_with};
use futures_util::future::join_all;
use serde_json::json;
use shared_test_kit::{Samples, shown_metrics};

#[tokio::test]
async fn twenty_failures_are_free_and_then_waits_double_to_60_s() {
    let app = app_with_ann().await;
    app.fail(20, HERE, "ann").await;
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        app.fail(1, HERE, "Ann").await;
        assert_eq!(held(app.login_from(HERE, "ann", WRONG).await), seconds);
        // The right password is not checked either.
        assert_eq!(held(app.login_from(HERE, "ANN", PASSWORD).await), seconds);
        app.wait(seconds);
    }
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
    app.fail(20, HERE, "ann").await;
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_unknown_name_is_throttled_like_a_known_one() {
    let app = app_with_ann().await;
    for name in ["ann", "bob", "a b"] {
        app.fail(21, HERE, name).await;
        let answer = app.login_from(HERE, name, PASSWORD).await.expect(429);
        let detail = "Too many failed logins, try again later";
        assert_eq!(answer.json()["detail"], detail);
        assert_eq!(held(answer), 1, "{name}");
    }
}

#[tokio::test]
async fn failures_at_one_address_do_not_throttle_another() {
    let app = app_with_ann().await;
    app.fail(21, HERE, "ann").await;
    held(app.login_from(HERE, "ann", PASSWORD).await);
    app.login_from(ELSEWHERE, "ann", PASSWORD).await.expect(200);

    // A network of IPv6 is one address.
    app.fail(21, "2001:db8:1:2::1", "ann").await;
    held(app.login_from("2001:db8:1:2::ffff", "ann", PASSWORD).await);
    app.login_from("2001:db8:1:3::1", "ann", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_account_is_throttled_for_strangers_but_not_at_its_owners_address() {
    let app = app_with_ann().await;
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
    for name in ["ann", "bob"] {
        app.fail_from_many(51, name).await;
        assert_eq!(held(app.login_from(ELSEWHERE, name, WRONG).await), 1, "{name}");
    }
    for _ in 0..2 {
        app.fail(1, HERE, "ann").await;
        app.login_from(HERE, "ann", PASSWORD).await.expect(200);
    }
    // From an unknown address she waits, logs in, and then the address is known.
    held(app.login_from(ELSEWHERE, "ann", PASSWORD).await);

    app.wait(1);
    app.login_from(ELSEWHERE, "ann", PASSWORD).await.expect(200);
    app.fail_from_many(1, "ann").await;
    held(app.login_from("192.0.2.200", "ann", PASSWORD).await);
    app.login_from(ELSEWHERE, "ann", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_address_is_throttled_but_not_for_accounts_known_there() {
    let app = app_with_ann().await;
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
    app.register(&json!({"username": "carl", "password": PASSWORD})).await.expect(201);
    for number in 0..101 {
        app.fail(1, HERE, &format!("user-{number}")).await;
    }

    assert_eq!(held(app.login_from(HERE, "carl", PASSWORD).await), 1);
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
    app.login_from(ELSEWHERE, "carl", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn loopback_is_not_throttled_by_address() {
    let app = app_with_ann().await;
    for number in 0..110 {
        app.fail(1, "127.0.0.1", &format!("user-{number}")).await;
    }
    app.login_from("127.0.0.1", "ann", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn failures_are_forgotten_after_15_min() {
    let app = app_with_ann().await;
    app.fail(21, HERE, "ann").await;
    app.fail_from_many(51, "bob").await;
    app.wait(900);
    app.fail(20, HERE, "ann").await;
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
    app.fail_from_many(10, "bob").await;
}

#[tokio::test]
async fn once_failures_cost_a_wait_one_of_many_concurrent_logins_is_tried() {
    let app = app_with_ann().await;
    app.fail(20, HERE, "ann").await;

    let answers = join_all((0..16).map(|_| app.login_from(HERE, "ann", WRONG))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 15);
}

#[tokio::test]
async fn concurrent_logins_with_the_right_password_all_succeed() {
    let app = app_with_ann().await;
    let answers = join_all((0..32).map(|_| app.login_from(HERE, "ann", PASSWORD))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn rate_limit_off_disables_the_throttle_and_hits_are_counted_when_on() {
    let off = with_ann(spawn_app_with(|config| config.throttles_logins = false).await).await;
    off.fail(30, HERE, "ann").await;
    off.login_from(HERE, "ann", PASSWORD).await.expect(200);

    let metrics = shown_metrics();
    let shown = metrics.clone();
    let on = with_ann(spawn_app_with(|config| config.server.metrics = shown).await).await;
    on.fail(21, HERE, "ann").await;
    held(on.login_from(HERE, "ann", PASSWORD).await);
    let hits = Samples::of(&metrics).await;
    let sum =
        |limit: &str| hits.sum("limits_hit_total", &["service_name=\"auth\"", &format!("limit=\"{limit}\"")]);
    assert_eq!(sum("failed_logins_of_account_at_address"), Some(1.0));
    assert_eq!((sum("failed_logins_of_account"), sum("failed_logins_of_address")), (Some(0.0), Some(0.0)));
}
