//! Failed logins cost waits that grow, and keep nobody out for good.

use crate::app::{PASSWORD, Session, TestApp, password_grant, spawn_app, spawn_app_with};
use futures_util::future::join_all;
use serde_json::json;
use shared_test_kit::{Answer, Samples, shown_metrics};
use std::time::Duration;

const WRONG: &str = "wrong horse";
const HERE: &str = "203.0.113.5";
const ELSEWHERE: &str = "198.51.100.7";

async fn app_with_ann() -> TestApp {
    with_ann(spawn_app().await).await
}

async fn with_ann(app: TestApp) -> TestApp {
    app.register(&json!({"username": "ann", "password": PASSWORD})).await.expect(201);
    app
}

impl TestApp {
    async fn login_from(&self, address: &str, username: &str, password: &str) -> Answer {
        let client = self.client.with_header("x-real-ip", address);
        client.post("/api/v1/auth/login", &json!({"username": username, "password": password})).await
    }

    async fn grant_from(&self, address: &str, username: &str, password: &str) -> Answer {
        let client = self.client.with_header("x-real-ip", address);
        self.token_by(&client, &password_grant(username, password)).await
    }

    /// Fails so often that the next is not free.
    async fn fail(&self, times: usize, address: &str, username: &str) {
        for _ in 0..times {
            self.login_from(address, username, WRONG).await.expect(401);
        }
    }

    /// Fails from so many addresses, once each.
    async fn fail_from_many(&self, times: usize, username: &str) {
        for number in 0..times {
            self.login_from(&format!("192.0.2.{number}"), username, WRONG).await.expect(401);
        }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl Session {
    async fn delete_with(&self, password: &str) -> Answer {
        self.delete_me(&json!({ "password": password })).await
    }

    async fn change_with(&self, password: &str) -> Answer {
        self.change_password(password, "another horse").await
    }
}

/// How long this answer says to wait.
#[track_caller]
fn held(answer: Answer) -> u64 {
    let answer = answer.expect(429);
    assert_eq!(answer.code(), "too_many_failed_logins");
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn twenty_failures_are_free_and_then_waits_double_to_60_s() {
    let app = app_with_ann().await;
    app.fail(20, HERE, "ann").await;
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        app.fail(1, HERE, "Ann").await;
        assert_eq!(held(app.login_from(HERE, "ann", WRONG).await), seconds);
        // The right password is not looked at either.
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
    // Who is not known waits, and then is let in, and known.
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
async fn a_wrong_password_counts_wherever_it_is_asked_for() {
    let app = spawn_app().await;
    let ann = app.session("ann").await.from(HERE);
    for _ in 0..7 {
        ann.delete_with(WRONG).await.expect(403);
        ann.change_with(WRONG).await.expect(403);
        app.fail(1, HERE, "ann").await;
    }
    for seconds in [1, 2] {
        // The right password is not looked at either.
        for password in [WRONG, PASSWORD] {
            assert_eq!(held(ann.delete_with(password).await), seconds);
            assert_eq!(held(ann.change_with(password).await), seconds);
            assert_eq!(held(app.login_from(HERE, "Ann", password).await), seconds);
        }
        app.wait(seconds);
        ann.delete_with(WRONG).await.expect(403);
    }
    // Neither elsewhere nor for others.
    ann.from(ELSEWHERE).change_with(WRONG).await.expect(403);
    app.login_from(ELSEWHERE, "ann", PASSWORD).await.expect(200);
    app.session("bob").await.from(HERE).delete_with(PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_password_grant_counts_as_a_login() {
    let app = app_with_ann().await;
    for _ in 0..10 {
        app.grant_from(HERE, "ann", WRONG).await.expect(400);
        app.fail(1, HERE, "ann").await;
    }
    for seconds in [1, 2] {
        assert_eq!(app.grant_from(HERE, "ann", WRONG).await.expect(400).code(), "invalid_credentials");
        // The right password is not looked at either.
        for password in [WRONG, PASSWORD] {
            let refused = app.grant_from(HERE, "Ann", password).await;
            assert_eq!(refused.json()["error"], "temporarily_unavailable");
            assert_eq!(held(refused), seconds);
            assert_eq!(held(app.login_from(HERE, "ann", password).await), seconds);
        }
        app.wait(seconds);
    }
    app.grant_from(HERE, "ann", PASSWORD).await.expect(200);
    app.fail(20, HERE, "ann").await;
    app.login_from(HERE, "ann", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn once_failures_cost_a_wait_one_of_many_concurrent_password_grants_is_tried() {
    let app = app_with_ann().await;
    app.fail(20, HERE, "ann").await;
    let answers = join_all((0..16).map(|_| app.grant_from(HERE, "ann", WRONG))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 400).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 15);
}

#[tokio::test]
async fn password_grants_from_an_address_are_limited_as_logins_are() {
    let metrics = shown_metrics();
    let shown = metrics.clone();
    let app = with_ann(spawn_app_with(|config| config.server.metrics = shown).await).await;
    for _ in 0..29 {
        app.grant_from("2001:db8:1:2::1", "ann", PASSWORD).await.expect(200);
    }
    // A network of IPv6 is one address.
    let tokens = app.grant_from("2001:db8:1:2::2", "ann", PASSWORD).await.expect(200).json();
    for (username, password) in [("ann", PASSWORD), ("ann", WRONG), ("bob", WRONG)] {
        let refused = app.grant_from("2001:db8:1:2::1", username, password).await.expect(429);
        assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("rate_limited", "2"));
        assert_eq!(refused.json()["error"], "temporarily_unavailable");
    }
    let hits = Samples::of(&metrics).await;
    let labels = ["service_name=\"auth\"", "limit=\"password_grants\""];
    assert_eq!(hits.sum("limits_hit_total", &labels), Some(3.0));
    // Neither elsewhere, nor refreshes, nor what is no password grant.
    app.grant_from("2001:db8:1:3::1", "ann", PASSWORD).await.expect(200);
    let client = app.client.with_header("x-real-ip", "2001:db8:1:2::1");
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap());
    app.token_by(&client, &refresh).await.expect(200);
    app.token_by(&client, "grant_type=password&username=ann").await.expect(400);
    app.wait(2);
    app.grant_from("2001:db8:1:2::1", "ann", PASSWORD).await.expect(200);
    app.grant_from("2001:db8:1:2::1", "ann", PASSWORD).await.expect(429);
}

#[tokio::test]
async fn password_grants_from_loopback_or_with_rate_limit_off_are_not_limited() {
    let app = app_with_ann().await;
    for _ in 0..40 {
        app.grant_from("127.0.0.1", "ann", PASSWORD).await.expect(200);
    }
    let off = with_ann(spawn_app_with(|config| config.password_grant_rate = None).await).await;
    for _ in 0..40 {
        off.grant_from(HERE, "ann", PASSWORD).await.expect(200);
    }
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
    // Here she has logged in.
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
