//! The commands of the program `chat`.

use crate::app::spawn_app;
use secrecy::ExposeSecret as _;
use shared_test_kit::SECRET_KEY;
use std::process::Command;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn answers(server: &MockServer, status: u16) {
    Mock::given(method("OPTIONS")).respond_with(ResponseTemplate::new(status)).mount(server).await;
}

#[tokio::test]
async fn check_names_the_service_with_another_key() {
    let app = spawn_app().await;
    answers(&app.auth, 405).await;
    answers(&app.branch, 401).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command.arg("check").env_clear().env("SECRET_KEY", SECRET_KEY);
    command.env("AUTH_URL", app.auth.uri()).env("BRANCH_URL", app.branch.uri());
    command.env("DATABASE_URL", app.database.url("chat").expose_secret());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");

    let lines = String::from_utf8(output.stdout).unwrap();
    for says in ["database of chat: all ", "ok    auth: answers at ", "ERROR branch: refuses our token at "] {
        assert!(lines.contains(says), "{says} in {lines}");
    }
}
