//! Lookalike names, and users who were registered when such names were different ones.

use crate::app::{PASSWORD, TestApp, spawn_app};
use crate::database::OldUser;
use futures_util::future::join_all;
use serde_json::json;
use shared_test_kit::Answer;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

const COMPOSED: &str = "각하님";
const DECOMPOSED: &str = "\u{1100}\u{1161}\u{11a8}\u{1112}\u{1161}\u{1102}\u{1175}\u{11b7}";

impl TestApp {
    async fn register_name(&self, username: &str) -> Answer {
        self.register(&json!({"username": username, "password": PASSWORD})).await
    }

    /// The user that a login with this name finds.
    async fn name_of(&self, username: &str, password: &str) -> String {
        let tokens = self.login(username, password).await.expect(200).json();
        let client = self.client.with_token(tokens["access_token"].as_str().unwrap());
        client.get("/api/v1/auth/me").await.expect(200).json()["username"].as_str().unwrap().to_owned()
    }
}

/// A user of an older version, with a password of its own.
fn old_user(username: &'static str, folded_name: &'static str) -> OldUser<'static> {
    OldUser { username, folded_name, password: username }
}

#[tokio::test]
async fn lookalike_names_are_the_same_name() {
    let app = spawn_app().await;
    for names in [
        &["straße", "STRAẞE", "strasse", "STRASSE"][..],
        &[COMPOSED, DECOMPOSED],
        &["Ａｎｎ", "ann", "ANN"],
        &["ガラス", "ｶﾞﾗｽ"],
        &["σίσυφος", "ΣΊΣΥΦΟΣ"],
    ] {
        app.register_name(names[0]).await.expect(201);
        for name in names {
            assert_eq!(app.register_name(name).await.expect(409).code(), "username_taken", "{name}");
            assert_eq!(app.name_of(name, PASSWORD).await, names[0], "{name}");
        }
    }
}

#[tokio::test]
async fn a_name_is_composed_at_register_and_everywhere_else() {
    let app = spawn_app().await;
    let (composed, decomposed) = ("café", "cafe\u{301}");
    let body = app.register_name(decomposed).await.expect(201).json();
    assert_eq!(body["username"], composed);

    for name in [composed, decomposed, "CAFE\u{301}"] {
        assert_eq!(app.name_of(name, PASSWORD).await, composed, "{name}");
        app.register_name(name).await.expect(409);
    }
    let name = app.register_name(DECOMPOSED).await.expect(201).json()["username"].clone();
    assert_eq!(name, COMPOSED);
    // A combining mark alone is no letter.
    app.register_name("q\u{301}afe").await.expect(422);
}

#[tokio::test]
async fn one_of_many_concurrent_registrations_of_lookalike_names_succeeds() {
    let app = spawn_app().await;
    let names = ["straße", "STRAẞE", "strasse", "STRASSE", "ｓtrasse", "ﬆraße", "ſtraße", "strasſe"];

    let answers = join_all(names.map(|name| app.register_name(name))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 7);
}

#[tokio::test]
async fn deceptive_names_are_refused() {
    let app = spawn_app().await;
    for name in [
        "ann\u{3164}",
        "\u{115f}ann",
        "ann\u{1160}",
        "ann\u{ffa0}",
        "\u{345}ann",
        "\u{93f}ann",
        "\u{ff9e}ann",
        "דניann",
        "annדני",
        "7דני",
        "דני_",
    ] {
        let answer = app.register_name(name).await.expect(422);
        assert_eq!(answer.field_errors(), ["value_error body.username"], "{name:?}");
    }
    for name in ["דניאל", "שָׁלוֹם", "محمد-7", "शांति"] {
        app.register_name(name).await.expect(201);
        assert_eq!(app.name_of(name, PASSWORD).await, name);
    }
}

#[tokio::test]
async fn old_names_stay_valid_and_are_matched_by_their_keys() {
    let mut app = spawn_app().await;
    app.restart_with_old_users(&[
        old_user("Ann", "ann"),
        old_user("ＢＯＢ", "ｂｏｂ"),
        old_user(DECOMPOSED, DECOMPOSED),
        old_user("carl\u{3164}", "carl\u{3164}"),
        old_user("ırmak", "irmak"),
    ])
    .await;
    for (name, username) in [
        ("Ann", "Ann"),
        ("ANN", "Ann"),
        ("ＢＯＢ", "ＢＯＢ"),
        ("bob", "ＢＯＢ"),
        (DECOMPOSED, DECOMPOSED),
        (COMPOSED, DECOMPOSED),
        // These names could not be registered now.
        ("carl\u{3164}", "carl\u{3164}"),
        ("CARL\u{3164}", "carl\u{3164}"),
        // Matched by the folded name, as long as nobody has the name.
        ("IRMAK", "ırmak"),
    ] {
        assert_eq!(app.name_of(name, username).await, username, "{name}");
    }
    for name in ["ann", "bob", COMPOSED, DECOMPOSED, "ırmak", "irmak"] {
        app.register_name(name).await.expect(409);
    }
    app.register_name("carl").await.expect(201);
}

#[tokio::test]
async fn old_users_with_lookalike_names_log_in_by_the_exact_name() {
    let mut app = spawn_app().await;
    app.restart_with_old_users(&[
        old_user("straße", "strasse"),
        old_user("STRAẞE", "straße"),
        // Nobody has the folded name of these.
        old_user("ＡＮＮ", "ａｎｎ"),
        old_user("ＡnＮ", "ａnｎ"),
        old_user(COMPOSED, COMPOSED),
        old_user(DECOMPOSED, DECOMPOSED),
    ])
    .await;
    for name in ["straße", "STRAẞE", "ＡＮＮ", "ＡnＮ", COMPOSED, DECOMPOSED] {
        assert_eq!(app.name_of(name, name).await, name);
    }
    // The half composed form finds the composed name.
    let mixed = DECOMPOSED.replacen("\u{1100}\u{1161}\u{11a8}", "각", 1);
    assert_eq!(app.name_of(&mixed, COMPOSED).await, COMPOSED);

    // By the folded name, where the key is shared.
    for (name, username) in [("STRASSE", "straße"), ("straẞe", "STRAẞE"), ("ａｎｎ", "ＡＮＮ")] {
        assert_eq!(app.name_of(name, username).await, username, "{name}");
    }
    app.login("ann", "ＡＮＮ").await.expect(401);

    for name in ["straße", "STRAẞE", "Strasse", "ann", "Ann", "ａnn", COMPOSED, DECOMPOSED] {
        app.register_name(name).await.expect(409);
    }
    // Once one of its two users is deleted, the key is still taken, and finds the other.
    let tokens = app.login("straße", "straße").await.expect(200).json();
    let client = app.client.with_token(tokens["access_token"].as_str().unwrap());
    let body = json!({"password": "straße"}).to_string();
    client.send(reqwest::Method::DELETE, "/api/v1/auth/me", Some(body)).await.expect(200);
    app.register_name("strasse").await.expect(409);
    app.register_name("straße").await.expect(409);
    assert_eq!(app.name_of("strasse", "STRAẞE").await, "STRAẞE");
}

#[tokio::test]
async fn failed_logins_do_not_throttle_a_user_with_a_lookalike_name() {
    let mut app = spawn_app().await;
    app.restart_with_old_users(&[old_user("straße", "strasse"), old_user("STRAẞE", "straße")]).await;
    for _ in 0..21 {
        app.login("straße", "wrong horse").await.expect(401);
    }

    app.login("straße", "straße").await.expect(429);
    app.login("strasse", "straße").await.expect(429);
    app.login("STRAẞE", "STRAẞE").await.expect(200);
    app.login("straße", "straße").await.expect(429);
}

#[tokio::test]
async fn several_processes_may_compute_the_keys_at_once() {
    let app = spawn_app().await;
    let names: Vec<String> = (0..1200).map(|n| format!("Ｕser-{n}")).collect();
    let folded: Vec<String> = names.iter().map(|name| name.replace('Ｕ', "ｕ")).collect();
    let users = names.iter().zip(&folded).map(|(name, folded)| OldUser {
        username: name,
        folded_name: folded,
        password: PASSWORD,
    });
    app.insert_old_users(users).await;
    app.migrate().await;
    let replicas = join_all((0..3).map(|_| app.replica())).await;
    for replica in replicas {
        for n in [0, 499, 500, 1199] {
            let body = json!({"username": format!("user-{n}"), "password": PASSWORD});
            replica.client.post("/api/v1/auth/login", &body).await.expect(200);
        }
    }
}

#[tokio::test]
async fn the_start_warns_of_lookalike_names() {
    let mut app = spawn_app().await;
    app.insert_old_users([
        old_user("straße", "strasse"),
        old_user("STRAẞE", "straße"),
        old_user("Ａnn", "ａnn"),
    ])
    .await;
    for _ in 0..2 {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        app.restart_with(|_| {}).await;
        drop(guard);
        let warnings = log.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("straße") && warnings[0].contains("STRAẞE"), "{warnings:?}");
    }
}

/// The lines of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn warnings(&self) -> Vec<String> {
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        log.lines().filter(|line| line.contains(r#""level":"WARN""#)).map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
