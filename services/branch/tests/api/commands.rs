//! The program `branch` when it is told to do something beside serving.

use crate::app::spawn_app;
use branch::config::Database;
use secrecy::ExposeSecret as _;
use shared_test_kit::SECRET_KEY;
use std::process::Command;
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn check_reports_migrations_and_a_shared_key() {
    let app = spawn_app().await;
    app.chat.reset().await;
    Mock::given(method("OPTIONS")).respond_with(ResponseTemplate::new(405)).mount(&app.chat).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_branch"));
    command.arg("check").env_clear().env("SECRET_KEY", SECRET_KEY).env("CHAT_URL", app.chat.uri());
    match &app.database {
        Database::Mongo(url) => command.env("MONGO_URL", url.expose_secret()),
        Database::Sql(url) => command.env("DATABASE_URL", url.expose_secret()),
    };
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    for says in ["database of branch: all ", "chat: answers at "] {
        assert!(lines.contains(says), "{says} in {lines}");
    }
}
