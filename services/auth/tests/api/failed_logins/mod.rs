//! Failed logins cost waits that grow, and keep nobody out for good.

mod confirmations;
mod logins;
mod password_grants;

use crate::app::{PASSWORD, Session, TestApp, password_grant, spawn_app};
use serde_json::json;
use shared_test_kit::Answer;
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

    /// Fails this many times.
    async fn fail(&self, times: usize, address: &str, username: &str) {
        for _ in 0..times {
            self.login_from(address, username, WRONG).await.expect(401);
        }
    }

    /// Fails once from each of this many addresses.
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

/// The wait that a 429 says, in seconds.
#[track_caller]
fn held(answer: Answer) -> u64 {
    let answer = answer.expect(429);
    assert_eq!(answer.code(), "too_many_failed_logins");
    answer.header("retry-after").parse().unwrap()
}
