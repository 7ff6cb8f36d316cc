//! Password grants at the token endpoint count as logins.

use super::{HERE, WRONG, app_with_ann, held, with_ann};
use crate::app::{PASSWORD, spawn_app_with};
use futures_util::future::join_all;
use shared_test_kit::{Samples, shown_metrics};

#[tokio::test]
async fn a_password_grant_counts_as_a_login() {
    let app = app_with_ann().await;
    for _ in 0..10 {
        app.grant_from(HERE, "ann", WRONG).await.expect(400);
        app.fail(1, HERE, "ann").await;
    }
    for seconds in [1, 2] {
        assert_eq!(app.grant_from(HERE, "ann", WRONG).await.expect(400).code(), "invalid_credentials");
        // The right password is not checked either.
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
    // Not limited: other addresses, refreshes, and malformed grants.
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
