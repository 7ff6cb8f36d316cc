//! Answers that end while the user deletes what they belong to: they are dropped, and nothing of them is left in any database.

use crate::app::{PASSWORD, TestStack, User, column, spawn_stack_with, text};
use crate::marker::{files_with, places_of};
use crate::streams::SOON;
use answer::models::Models;
use reqwest::Method;
use serde_json::{Value, json};
use shared::env::Env;
use shared::undo_window::UndoWindow;
use shared_test_kit::{ScriptedModel, ScriptedResponse};
use std::time::Duration;

/// In the question and in the response.
const MARKER: &str = "aerialroot";

/// The object that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deleted {
    Chat,
    Branch,
    Account,
}

/// The order of the two events: the deletion, or the end of the response.
#[derive(Debug, Clone, Copy)]
enum Order {
    DeletionFirst,
    Together,
    EndFirst,
    /// The answer is a message already.
    StoreFirst,
}

/// A stack with a model that answers as the test tells it.
struct Scene {
    model: ScriptedModel,
    stack: TestStack,
}

/// An answer under way: it has said the marker, below a message that stays.
struct Asked {
    user: User,
    chat: String,
    branch: String,
    id: String,
}

impl Scene {
    async fn new(undo_window: Duration) -> Self {
        let model = ScriptedModel::start().await;
        let models_file = model.models_file("");
        let env = Env::of([("MODELS_FILE", models_file.path().to_str().unwrap())]);
        let stack = spawn_stack_with(|config| {
            config.models = Models::from_env(&env).unwrap();
            config.undo_window = UndoWindow::new(undo_window);
            config.rate_limits = None;
        })
        .await;
        Self { model, stack }
    }

    async fn ask(&self, name: &str) -> (Asked, ScriptedResponse) {
        let user = self.stack.user(name).await;
        let chat = user.chat("Trees").await;
        let first = user.say(&chat, "one").await;
        let branch = user.fork(&chat, &first["response_id"]).await;
        let body = json!({"chat_id": chat, "branch_id": branch, "question": format!("a {MARKER}?")});
        let asked = user.post("/answers/create-answer", &body).await.expect(201).json();
        let id = text(&asked["response_id"]).to_owned();
        let mut response = self.model.next_request().await;
        response.say(&format!("the {MARKER}")).await;
        let said = async || {
            let answer = user.get(&format!("/answers/get-answer/{id}")).await.expect(200);
            answer.json()["text"].as_str().is_some_and(|text| text.contains(MARKER))
        };
        let said = tokio::time::timeout(SOON, async { while !said().await {} }).await;
        assert!(said.is_ok(), "it is not said");
        (Asked { user, chat, branch, id }, response)
    }

    /// Waits until the marker is nowhere.
    async fn nothing_is_left(&self, what: &str) {
        let mut places = Vec::new();
        let gone = async {
            loop {
                places = places_of(&self.stack, MARKER).await;
                if places.is_empty() {
                    break;
                }
            }
        };
        let gone = tokio::time::timeout(SOON, gone).await;
        assert!(gone.is_ok(), "{what}: in {places:?}");
    }
}

impl Asked {
    async fn delete(&self, what: Deleted) {
        let (user, permanent) = (&self.user, "?permanent=true");
        match what {
            Deleted::Chat => user.delete(&format!("/chats/delete-chat/{}{permanent}", self.chat)).await,
            Deleted::Branch => {
                user.delete(&format!("/branches/delete-branch/{}{permanent}", self.branch)).await
            }
            Deleted::Account => {
                let password = json!({"password": PASSWORD}).to_string();
                user.client.send(Method::DELETE, "/api/v1/auth/me", Some(password)).await
            }
        }
        .expect(200);
    }
}

#[tokio::test]
async fn nothing_is_left_of_an_answer_that_ends_while_its_chat_its_branch_or_its_account_is_deleted() {
    let mut scene = Scene::new(Duration::ZERO).await;
    let together = [Order::Together; 3];
    let orders =
        [[Order::DeletionFirst].as_slice(), &together, &[Order::EndFirst, Order::StoreFirst]].concat();
    for what in [Deleted::Chat, Deleted::Branch, Deleted::Account] {
        for (number, order) in orders.iter().copied().enumerate() {
            let (asked, mut response) = scene.ask(&format!("{what:?}-{number}")).await;
            match order {
                Order::DeletionFirst => {
                    asked.delete(what).await;
                    response.finish().await;
                }
                Order::Together => drop(tokio::join!(asked.delete(what), response.finish())),
                Order::EndFirst => {
                    response.finish().await;
                    asked.delete(what).await;
                }
                Order::StoreFirst => {
                    response.finish().await;
                    asked.user.wait_for(&format!("/messages/get-message/{}", asked.id), 200, SOON).await;
                    asked.delete(what).await;
                }
            }
            scene.nothing_is_left(&format!("{what:?}, {order:?}")).await;
            if what == Deleted::Branch {
                asked.user.wait_for(&format!("/answers/get-answer/{}", asked.id), 404, SOON).await;
                let line = asked.user.line(&format!("chat_id={}", asked.chat)).await;
                assert_eq!(column(&line, "response"), ["one!"]);
            }
        }
    }
    // Also where nothing refers to it any more.
    scene.stack.stop().await;
    assert_eq!(files_with(&scene.stack, MARKER), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_that_ended_in_what_was_deleted_does_not_come_back_with_it() {
    let scene = Scene::new(Duration::from_secs(3600)).await;
    for what in [Deleted::Chat, Deleted::Branch] {
        let (asked, mut response) = scene.ask(&format!("{what:?}")).await;
        let (user, chat, branch) = (&asked.user, &asked.chat, &asked.branch);
        let (deletion, restoration) = match what {
            Deleted::Branch => {
                (format!("/branches/delete-branch/{branch}"), format!("/branches/restore-branch/{branch}"))
            }
            _ => (format!("/chats/delete-chat/{chat}"), format!("/chats/restore-chat/{chat}")),
        };
        user.delete(&deletion).await.expect(200);
        response.finish().await;
        scene.nothing_is_left(&format!("{what:?}")).await;

        user.post(&restoration, &Value::Null).await.expect(200);

        let line = user.line(&format!("chat_id={chat}&branch_id={branch}")).await;
        assert_eq!(column(&line, "response"), ["one!"], "{what:?}");
        user.get(&format!("/answers/get-answer/{}", asked.id)).await.expect(404);
        scene.nothing_is_left(&format!("{what:?}, restored")).await;
    }
}
