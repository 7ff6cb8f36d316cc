//! A replica that will be killed or stopped, beside one that will not be.

use crate::app::{TestApp, User, chat, eventually, spawn_scripted_app, text};
use crate::database::expire_lease;
use crate::events::text_of;
use crate::ownership::run_of;
use crate::process::Process;
use crate::reader::Reader;
use answer::domain::RunState;
use serde_json::json;
use shared_test_kit::{Running, ScriptedModel};
use std::slice::from_ref;
use std::time::Duration;

/// What is asked.
pub const QUESTION: &str = "What is a banyan?";

/// A model, a replica that will be killed, and one that will not be.
pub struct Scene {
    pub model: ScriptedModel,
    pub app: TestApp,
    pub owner: Process,
    pub chat: String,
}

impl Scene {
    /// `fields` are further lines of the model's entry.
    pub async fn new(fields: &str) -> Self {
        let model = ScriptedModel::start().await;
        // What is queued is left to the owner.
        let app = spawn_scripted_app(&model, fields, |config| {
            config.timing.queue_grace = Duration::from_secs(3600);
        })
        .await;
        let owner = Process::start(&app).await;
        Self { model, app, owner, chat: chat() }
    }

    /// The user at the replica that will be killed.
    pub fn at_owner(&self) -> User {
        self.owner.user(&self.app)
    }

    /// Asks there.
    pub async fn ask(&self) -> String {
        self.at_owner().ask(&self.chat, QUESTION).await
    }

    /// Kills the owner, and lets its lease be over.
    pub async fn kill(&mut self, id: &str) {
        self.owner.kill();
        expire_lease(&self.app, id).await;
    }

    /// A replica that takes what is queued.
    pub async fn heir(&mut self) -> Running {
        self.app.config.timing.queue_grace = Duration::from_millis(20);
        self.app.replica().await
    }

    pub async fn state(&self, id: &str) -> RunState {
        run_of(&self.app.store().await, id).await.state
    }

    /// Checks what has become of the run: there is one message of it, it has this response and status, readers who had read before and
    /// who read now see the same, and nothing is under way.
    pub async fn check(&self, id: &str, (response, status): (&str, &str), readers: Vec<Reader>) {
        let ann = self.app.user();
        let whole = Reader::of(id).read_to_end(from_ref(&ann)).await;
        assert_eq!(text_of(&whole.events()), response);
        let ids: Vec<_> = whole.events().iter().map(|event| event.id).collect();
        assert_eq!(ids, (0..).take(ids.len()).collect::<Vec<_>>(), "without gaps, and none twice");
        for reader in readers {
            assert_eq!(reader.read_to_end(&[self.at_owner(), ann.clone()]).await.seen, whole.seen);
        }
        let messages = self.app.branch_service.messages(&self.chat);
        assert_eq!(messages.len(), 1);
        let message = &messages[0];
        assert_eq!((text(&message["question"]), text(&message["response"])), (QUESTION, response));
        assert_eq!((text(&message["response_id"]), text(&message["generation"]["status"])), (id, status));
        assert_eq!(whole.events().last().unwrap().data["message"]["response_id"], id);
        let live = async || ann.client.get("/api/v1/answers/get-answers").await.expect(200).json();
        eventually("nothing is under way", async || live().await == json!([])).await;
    }
}
