//! Cases of providers: what each sends, and what has to become of it.

use crate::app::{TestApp, User, chat, eventually, spawn_app_of, text};
use crate::events::text_of;
use crate::fake_model::{FakeModel, Reply};
use crate::reader::Reader;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared_test_kit::Running;
use std::io::Write as _;
use tempfile::NamedTempFile;

const QUESTION: &str = "What is a banyan?";
/// The words of a whole response.
pub const WORDS: [&str; 3] = ["A ", "strangler ", "fig"];

/// What a provider sends, and what has to become of it.
pub struct Case {
    pub replies: Vec<Reply>,
    /// The responses that are possible.
    pub responses: Vec<String>,
    pub status: &'static str,
    pub code: Option<&'static str>,
}

impl Case {
    pub fn completed(replies: Vec<Reply>) -> Self {
        Self { replies, responses: vec![WORDS.concat()], status: "completed", code: None }
    }

    pub fn failed(replies: Vec<Reply>, response: &str, code: &'static str) -> Self {
        Self { replies, responses: vec![response.to_owned()], status: "failed", code: Some(code) }
    }
}

pub fn delta(content: &Value) -> Value {
    json!({"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": null}]})
}

pub fn finished(reason: &Value) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// The words, and these events after them.
pub fn words_and(events: impl IntoIterator<Item = Value>) -> Vec<Value> {
    WORDS.iter().map(|word| delta(&json!(word))).chain(events).collect()
}

pub fn raw(events: &[Value]) -> String {
    events.iter().map(|event| ["data: ", &event.to_string(), "\n\n"].concat()).collect()
}

/// A service whose models are these cases, by number; another replica of it; and the servers of the models.
async fn app_of(cases: &[Case]) -> (TestApp, Running, Vec<FakeModel>) {
    let servers = join_all(cases.iter().map(|case| FakeModel::start(case.replies.clone()))).await;
    let mut file = NamedTempFile::new().unwrap();
    for (number, server) in servers.iter().enumerate() {
        let entry = format!("name = \"{number}\"\nbase_url = \"{}\"\ncontext_window = 1000", server.base_url);
        writeln!(file, "[[models]]\n{entry}").unwrap();
    }
    let app = spawn_app_of(Some(file), |_| {}).await;
    let replica = app.replica().await;
    (app, replica, servers)
}

/// Asks the model of each case at once, and checks what becomes of that.
pub async fn check(cases: Vec<Case>) -> Vec<FakeModel> {
    let (app, replica, servers) = app_of(&cases).await;
    let users = [app.user(), app.user_at(&replica)];
    join_all(cases.iter().enumerate().map(|(number, case)| check_case(&app, &users, number, case))).await;
    let live = async || users[0].client.get("/api/v1/answers/get-answers").await.expect(200).json();
    eventually("nothing is under way", async || live().await == json!([])).await;
    servers
}

async fn check_case(app: &TestApp, users: &[User; 2], number: usize, case: &Case) {
    let chat = chat();
    let body = json!({"chat_id": chat, "question": QUESTION, "model": number.to_string()});
    let asked = users[0].create(&body).await.expect(201).json();
    let id = text(&asked["response_id"]);
    let readers = users.each_ref().map(|user| Reader::of(id).read_to_end(std::slice::from_ref(user)));
    let readers = join_all(readers).await;
    assert_eq!(readers[0].seen, readers[1].seen, "{number}");
    let events = readers[0].events();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (0..).take(ids.len()).collect::<Vec<_>>(), "{number}: without gaps, and none twice");
    let end = &events.last().unwrap().data;
    assert_eq!((text(&end["status"]), end["error"]["code"].as_str()), (case.status, case.code), "{number}");
    let messages = app.branch_service.messages(&chat);
    assert_eq!(messages.len(), 1, "{number}");
    let message = &messages[0];
    assert_eq!(text(&message["question"]), QUESTION, "{number}");
    let response = text(&message["response"]);
    assert!(case.responses.iter().any(|possible| possible == response), "{number}: {response:?}");
    assert_eq!((text_of(&events).as_str(), &message["generation"]["status"]), (response, &end["status"]));
}
