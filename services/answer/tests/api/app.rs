//! A service for one test, with a database of its own, and stand-ins for the services that it calls.

use crate::branch_service::BranchService;
pub use crate::user::{ANSWERS, User};
use answer::config::{Config, UserKeysConfig};
use answer::domain::Timing;
use answer::models::Models;
use answer::startup;
use answer::store::{UserLimits, migrations};
use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;
use shared::clock::Clock;
use shared::env::Env;
use shared::ids::{ChatId, UserId};
use shared::service::Service;
use shared_store::Store;
use shared_test_kit::{
    Running, SECRET_KEY, ScriptedModel, TestClient, TestDatabase, server_config, token_keys,
};
use std::time::Duration;
use tempfile::NamedTempFile;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

/// The user whose chats all are, for the stand-in of the chat service.
pub const OWNER: &str = "019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21";

pub struct TestApp {
    pub branch_service: BranchService,
    _branch: MockServer,
    pub config: Config,
    /// The file of its models, if it is not the built-in one.
    pub models_file: Option<NamedTempFile>,
    pub database: TestDatabase,
    pub clock: Clock,
    pub service: Running,
}

/// Times that let a test wait for nothing long. Leases are as long as in earnest: a test sets them back.
pub fn short_times() -> Timing {
    let millis = Duration::from_millis;
    Timing {
        flush: millis(5),
        stop_poll: millis(50),
        follow_poll: millis(20),
        queue_poll: millis(50),
        queue_grace: millis(200),
        reap_poll: millis(50),
        store_grace: millis(200),
        deletion_poll: millis(50),
        disconnect_grace: millis(200),
        ..Timing::default()
    }
}

/// Starts a service on a free port.
pub async fn spawn_app() -> TestApp {
    spawn_app_with(|_| {}).await
}

/// The same with another configuration.
pub async fn spawn_app_with(change: impl FnOnce(&mut Config)) -> TestApp {
    spawn_app_of(None, change).await
}

/// The same with a model that answers as the test tells it; `fields` are further lines of its entry.
pub async fn spawn_scripted_app(
    model: &ScriptedModel,
    fields: &str,
    change: impl FnOnce(&mut Config),
) -> TestApp {
    spawn_app_of(Some(model.models_file(fields)), change).await
}

/// The same with the models of a file.
pub async fn spawn_app_of(models_file: Option<NamedTempFile>, change: impl FnOnce(&mut Config)) -> TestApp {
    let (clock, database, branch) =
        (Clock::system(), TestDatabase::create().await, MockServer::start().await);
    let branch_service = BranchService::default();
    Mock::given(any()).respond_with(branch_service.clone()).mount(&branch).await;
    let path = models_file.as_ref().map(|file| file.path().to_str().unwrap().to_owned());
    let env = path.map_or_else(Env::default, |path| Env::of([("MODELS_FILE", path.as_str())]));
    let mut config = Config {
        server: server_config(&clock),
        database: database.url("answer"),
        branch: branch.uri().parse().unwrap(),
        chat: branch.uri().parse().unwrap(),
        models: Models::from_env(&env).unwrap(),
        limits: UserLimits { runs: 100, questions_per_minute: 1_000, tokens_per_day: None },
        question_bytes: 1 << 20,
        drain: Duration::from_secs(10),
        secret: SecretString::from(SECRET_KEY),
        user_keys: UserKeysConfig::default(),
        account_retention: Duration::from_secs(3600),
        timing: short_times(),
    };
    change(&mut config);
    let service = Running::start(startup::build(config.clone()).await.unwrap());
    TestApp { branch_service, _branch: branch, config, models_file, database, clock, service }
}

impl TestApp {
    /// Another service on the same database.
    pub async fn replica(&self) -> Running {
        Running::start(startup::build(self.config.clone()).await.unwrap())
    }

    /// The owner of all chats.
    pub fn user(&self) -> User {
        self.user_at(&self.service)
    }

    /// The same at another replica.
    pub fn user_at(&self, replica: &Running) -> User {
        self.user_of(replica.url())
    }

    /// The same at the replica of this URL.
    pub fn user_of(&self, replica: Url) -> User {
        let id = UserId::from(shared::ids::parse_uuid(OWNER).unwrap());
        User { client: self.client_of(replica, id) }
    }

    /// Somebody else.
    pub fn stranger(&self) -> User {
        User { client: self.client_of(self.service.url(), UserId::generate()) }
    }

    fn client_of(&self, replica: Url, id: UserId) -> TestClient {
        let token = token_keys(&self.clock).issue_access(id, Duration::from_secs(3600)).unwrap();
        TestClient::new(replica).with_token(&token)
    }

    /// Another service.
    pub fn service(&self, service: Service) -> TestClient {
        let token = token_keys(&self.clock).issue_for_service(service, Service::Answer).unwrap();
        TestClient::new(self.service.url()).with_token(&token)
    }

    /// The database, for a test that plays a replica or moves a lease.
    pub async fn store(&self) -> Store {
        let timeout = Duration::from_secs(10);
        Store::open(&self.config.database, "answer", migrations(), timeout).await.unwrap()
    }
}

/// The id of a new chat.
pub fn chat() -> String {
    ChatId::generate().to_string()
}

/// A question whose answer takes as long as the test does.
pub fn endless() -> String {
    "[[delay:20]][[repeat:90000]] word and".to_owned()
}

/// A JSON text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Waits for work in the background, for at most half a minute.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    for _ in 0..1500 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("has not happened: {what}");
}
