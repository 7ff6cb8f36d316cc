//! The commands of the program `auth`.

use crate::app::{PASSWORD, TestApp, spawn_app, spawn_app_with, text};
use auth::domain::RegistrationPolicy;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use shared_test_kit::{SECRET_KEY, TestDatabase};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

const NEW_PASSWORD: &str = "battery staple";

/// Runs `auth` on the database of a running service, with a line of standard input.
async fn auth(app: &TestApp, arguments: &[&str], line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth"));
    command.args(arguments).env_clear().env("AUTH_BCRYPT_COST", "4");
    command.env("DATABASE_URL", app.database.url("auth").expose_secret());
    command.env("SECRET_KEY", SECRET_KEY).env("CHAT_URL", app.chat.uri());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let line = format!("{line}\n");
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // It may have ended without reading.
        drop(child.stdin.take().unwrap().write_all(line.as_bytes()));
        child.wait_with_output().unwrap()
    });
    ran.await.unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The single line that it writes to standard error.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

#[tokio::test]
async fn user_create_works_with_closed_registration_and_user_list_shows_all() {
    let app = spawn_app_with(|config| config.registration = RegistrationPolicy::Closed).await;
    for name in ["ann", "Jürgen"] {
        succeeded(&auth(&app, &["user", "create", name], PASSWORD).await);
        app.login(name, PASSWORD).await.expect(200);
    }
    let lines = succeeded(&auth(&app, &["user", "list", "--json"], "").await);
    let users: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = users.iter().map(|user| text(&user["username"])).collect();
    assert_eq!(names, ["ann", "Jürgen"]);
    assert!(users.iter().all(|user| text(&user["created_at"]).ends_with('Z')), "{users:?}");

    let table = succeeded(&auth(&app, &["user", "list"], "").await);
    assert!(table.lines().count() == 3 && table.contains(text(&users[0]["user_id"])), "{table}");

    for secret in [PASSWORD, "$2b$"] {
        assert!(!lines.contains(secret) && !table.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn invalid_or_taken_names_and_passwords_are_refused_in_one_line() {
    let app = spawn_app().await;
    app.session("ann").await;
    for (name, password, says) in [
        ("ANN", PASSWORD, "taken"),
        ("a b", PASSWORD, "the name: "),
        ("bob", "short", "the password: String should have at least 8 characters"),
    ] {
        let line = refused(&auth(&app, &["user", "create", name], password).await);
        assert!(line.contains(says) && !line.contains(password), "{line}");
    }
    // A password is no argument: arguments are visible to everybody on the machine.
    let output = auth(&app, &["user", "create", "bob", PASSWORD], "").await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");

    for command in ["reset-password", "delete"] {
        let line = refused(&auth(&app, &["user", command, "nobody"], PASSWORD).await);
        assert!(line.contains("there is no user \"nobody\""), "{line}");
    }
}

#[tokio::test]
async fn reset_password_sets_a_new_one_and_revokes_every_refresh_token() {
    let app = spawn_app().await;
    let (ann, bob) = (app.session("ann").await, app.session("bob").await);
    succeeded(&auth(&app, &["user", "reset-password", "Ann"], NEW_PASSWORD).await);

    app.login("ann", PASSWORD).await.expect(401);
    app.refresh(&ann.refresh_token).await.expect(401);
    app.login("ann", NEW_PASSWORD).await.expect(200);
    app.refresh(&bob.refresh_token).await.expect(200);
}

#[tokio::test]
async fn user_delete_removes_the_user_and_notifies_chat() {
    let app = spawn_app().await;
    let ann = app.session("ann").await;
    let line = refused(&auth(&app, &["user", "delete", "ann"], "ann").await);
    assert!(line.contains("--yes"), "{line}");
    ann.me().await.expect(200);

    succeeded(&auth(&app, &["user", "delete", "ann", "--yes"], "").await);
    ann.me().await.expect(401);
    app.refresh(&ann.refresh_token).await.expect(401);
    app.login("ann", PASSWORD).await.expect(401);

    // The running service, whose clock stands still, makes due deliveries.
    app.clock.advance(Duration::from_secs(60));
    let heard = async {
        while app.chat.received_requests().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("chat hears of it");
    let heard = app.chat.received_requests().await.unwrap();
    assert_eq!(heard[0].method.as_str(), "DELETE");
    assert_eq!(heard[0].url.path(), format!("/internal/accounts/{}", ann.user_id));
}

#[tokio::test]
async fn check_reports_each_finding_with_advice() {
    let app = spawn_app().await;
    app.chat.reset().await;
    Mock::given(method("OPTIONS")).respond_with(ResponseTemplate::new(405)).mount(&app.chat).await;
    let lines = succeeded(&auth(&app, &["check"], "").await);
    for says in
        ["configuration: every variable", "database of auth: all ", "has the same SECRET_KEY", "clock: says"]
    {
        assert!(lines.contains(says), "{says} in {lines}");
    }
    assert!(lines.lines().all(|line| line.starts_with("ok ") || line.starts_with("WARN ")), "{lines}");

    app.chat.reset().await;
    Mock::given(method("OPTIONS")).respond_with(ResponseTemplate::new(401)).mount(&app.chat).await;
    let output = auth(&app, &["check", "--json"], "").await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let wrong: Vec<_> =
        findings.as_array().unwrap().iter().filter(|finding| finding["status"] == "error").collect();
    assert_eq!(wrong.len(), 1, "{findings}");
    assert!(wrong[0]["subject"] == "chat" && text(&wrong[0]["advice"]).contains("SECRET_KEY"), "{findings}");
}

#[tokio::test]
async fn check_reports_all_errors_at_once_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.sqlite3");
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth"));
    command.arg("check").env_clear().env("DATABASE_URL", format!("sqlite:{}", file.display()));
    command.env("SECRET_KEY", "short").env("ACCESS_TOKEN_TTL", "0").env("CHAT_URL", "chat:8002");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");

    let lines = String::from_utf8(output.stdout).unwrap();
    for says in ["SECRET_KEY: has 5 bytes", "ACCESS_TOKEN_TTL: is 0", "CHAT_URL: ", "is not there yet"] {
        assert!(lines.contains(says), "{says} in {lines}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn compact_rewrites_a_sqlite_file_and_refuses_other_engines() {
    let app = spawn_app().await;
    let output = auth(&app, &["compact"], "").await;
    match &app.database {
        TestDatabase::Postgres { .. } => assert!(refused(&output).contains("names PostgreSQL"), "{output:?}"),
        _ => assert!(succeeded(&output).contains(" bytes, "), "{output:?}"),
    }
    app.register(&json!({"username": "ann", "password": PASSWORD})).await.expect(201);
}

#[test]
fn help_lists_all_commands() {
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_auth")).args(arguments).env_clear().output().unwrap();
        succeeded(&output)
    };
    let all = help(&["--help"]);
    for command in ["healthcheck", "check", "compact", "user"] {
        assert!(all.contains(&format!("\n  {command} ")), "{command} in {all}");
    }
    let users = help(&["user", "--help"]);
    for command in ["list", "create", "reset-password", "delete"] {
        assert!(users.contains(&format!("\n  {command} ")), "{command} in {users}");
    }
}
