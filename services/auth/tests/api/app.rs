//! A service for one test, with a database of its own.

use auth::config::{Config, PasswordConfig, TokenLife};
use auth::domain::{PasswordPolicy, RegistrationPolicy};
use auth::startup;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::rate_limit::DEFAULT_LOGIN_RATE;
use shared_test_kit::{Answer, Running, TestClient, TestDatabase, server_config};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A password that every policy accepts.
pub const PASSWORD: &str = "correct horse";

pub struct TestApp {
    pub client: TestClient,
    pub clock: Clock,
    pub chat: MockServer,
    pub config: Config,
    service: Running,
    pub database: TestDatabase,
}

/// Starts a service on a free port, with a manual clock and a chat service that accepts every call.
pub async fn spawn_app() -> TestApp {
    spawn_app_with(|_| {}).await
}

/// The same with another configuration.
pub async fn spawn_app_with(change: impl FnOnce(&mut Config)) -> TestApp {
    let clock = Clock::manual();
    let database = TestDatabase::create().await;
    let chat = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&chat).await;
    let seconds = Duration::from_secs;
    let mut config = Config {
        server: server_config(&clock),
        database: database.url("auth"),
        chat: chat.uri().parse().unwrap(),
        answer: None,
        tokens: TokenLife { access: seconds(3600), refresh: seconds(86_400), reuse_grace: seconds(10) },
        passwords: PasswordConfig { bcrypt_cost: 4, policy: PasswordPolicy::default() },
        registration: RegistrationPolicy::Open,
        throttles_logins: true,
        password_grant_rate: Some(DEFAULT_LOGIN_RATE),
    };
    change(&mut config);
    let service = Running::start(startup::build(config.clone()).await.unwrap());
    let client = TestClient::new(service.url());
    TestApp { client, clock, chat, config, service, database }
}

/// Another service.
pub struct Replica {
    pub client: TestClient,
    _service: Running,
}

impl Replica {
    pub async fn start(config: Config) -> Self {
        let service = Running::start(startup::build(config).await.unwrap());
        Self { client: TestClient::new(service.url()), _service: service }
    }
}

/// A logged-in user.
#[derive(Clone)]
pub struct Session {
    pub client: TestClient,
    access_token: String,
    pub user_id: String,
    pub refresh_token: String,
}

impl TestApp {
    /// Stops the service and starts another on the same database.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Config)) {
        self.service.stop();
        change(&mut self.config);
        self.service = Running::start(startup::build(self.config.clone()).await.unwrap());
        self.client = TestClient::new(self.service.url());
    }

    pub async fn register(&self, body: &Value) -> Answer {
        self.client.post("/api/v1/auth/register", body).await
    }

    pub async fn login(&self, username: &str, password: &str) -> Answer {
        self.client.post("/api/v1/auth/login", &json!({"username": username, "password": password})).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.client.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).await
    }

    /// Sends a form to the token endpoint.
    pub async fn token(&self, form: &str) -> Answer {
        self.token_by(&self.client, form).await
    }

    /// The same as another client.
    pub async fn token_by(&self, client: &TestClient, form: &str) -> Answer {
        let client = client.with_header("content-type", "application/x-www-form-urlencoded");
        client.send(reqwest::Method::POST, "/api/v1/auth/token", Some(form.to_owned())).await
    }

    /// Sends a refresh token to the token endpoint.
    pub async fn refresh_grant(&self, token: &str) -> Answer {
        self.token(&format!("grant_type=refresh_token&refresh_token={token}")).await
    }

    /// Registers a user and logs in.
    pub async fn session(&self, username: &str) -> Session {
        let registered =
            self.register(&json!({"username": username, "password": PASSWORD})).await.expect(201);
        let tokens = self.login(username, PASSWORD).await.expect(200).json();
        let access_token = text(&tokens["access_token"]).to_owned();
        Session {
            client: self.client.with_token(&access_token),
            access_token,
            user_id: text(&registered.json()["user_id"]).to_owned(),
            refresh_token: text(&tokens["refresh_token"]).to_owned(),
        }
    }
}

impl Session {
    /// The same session at a restarted service.
    pub fn at(&self, app: &TestApp) -> Self {
        Self { client: app.client.with_token(&self.access_token), ..self.clone() }
    }

    /// The same session from another address.
    pub fn from(&self, address: &str) -> Self {
        Self { client: self.client.with_header("x-real-ip", address), ..self.clone() }
    }

    pub async fn me(&self) -> Answer {
        self.client.get("/api/v1/auth/me").await
    }

    pub async fn delete_me(&self, body: &Value) -> Answer {
        self.client.send(reqwest::Method::DELETE, "/api/v1/auth/me", Some(body.to_string())).await
    }

    pub async fn logout(&self, token: &str) -> Answer {
        self.client.post("/api/v1/auth/logout", &json!({"refresh_token": token})).await
    }

    pub async fn change_password(&self, current: &str, new: &str) -> Answer {
        let body = json!({"current_password": current, "new_password": new});
        self.client.put("/api/v1/auth/change-password", &body).await
    }
}

/// A form with name and password for the token endpoint. Neither has a character that is encoded, but for spaces.
pub fn password_grant(username: &str, password: &str) -> String {
    format!("grant_type=password&username={username}&password={password}").replace(' ', "+")
}

/// The refresh token of an answer.
pub fn refresh_token(answer: &Answer) -> String {
    text(&answer.json()["refresh_token"]).to_owned()
}

/// A JSON text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
