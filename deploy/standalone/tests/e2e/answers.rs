//! Answers of `banyan/echo`, through the gateway: asked, streamed, resumed, stopped, asked again, and dropped with what is deleted.

use crate::app::{PASSWORD, TestStack, User, column, spawn_stack, text};
use crate::streams::{EVENT_STREAM, Event, SOON, Stream, events, names, said};
use reqwest::Method;
use serde_json::{Value, json};
use shared_test_kit::Samples;

/// A question that is answered slowly, word by word, for longer than a test takes.
const ENDLESS: &str = "[[delay:100]] [[repeat:10000]] on and on";

impl User {
    /// Asks, and does not wait for the answer.
    async fn ask(&self, chat: &str, question: &str) -> Value {
        let body = json!({"chat_id": chat, "question": question});
        self.post("/answers/create-answer", &body).await.expect(201).json()
    }

    /// Asks a question whose answer does not end by itself, and reads until it has said something. Returns the stream, and the id of the answer.
    async fn ask_for_ever(&self, stack: &TestStack, chat: &str) -> (Stream, String) {
        let body = json!({"chat_id": chat, "question": ENDLESS});
        let mut stream = Stream::of_question(stack, self, &body).await;
        let seen = stream.until(|event| event.name == "delta").await;
        let id = text(&seen[0].data["response_id"]).to_owned();
        (stream, id)
    }

    /// Waits until an answer is a message, and returns it.
    async fn answered(&self, answer: &Value) -> Value {
        let id = text(&answer["response_id"]);
        self.wait_for(&format!("/messages/get-message/{id}"), 200, SOON).await;
        loop {
            let answer = self.get(&format!("/answers/get-answer/{id}")).await.expect(200).json();
            // The message is there before that is recorded with the run.
            if !answer["message"].is_null() {
                return answer;
            }
        }
    }

    /// The events of an answer after one of them, to the last.
    async fn follow(&self, answer: &Value, after: Option<i64>) -> Vec<Event> {
        let mut client = self.client.clone();
        if let Some(after) = after {
            client = client.with_header("last-event-id", &after.to_string());
        }
        let path = format!("/api/v1/answers/stream-answer/{}", text(&answer["response_id"]));
        let stream = client.get(&path).await.expect(200);
        assert_eq!(stream.header("content-type"), EVENT_STREAM);
        events(&stream.text)
    }
}

#[tokio::test]
async fn an_answer_goes_on_by_itself_and_becomes_a_message() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let before = ann.say(&chat, "one").await;

    let asked = ann.ask(&chat, "What is a banyan?").await;

    assert!(["queued", "in_progress", "completed"].contains(&text(&asked["status"])), "{asked}");
    assert_eq!(asked["parent_response_id"], before["response_id"]);
    assert_eq!(asked["model"], "banyan/echo");
    let answer = ann.answered(&asked).await;
    assert_eq!((&answer["status"], &answer["text"]), (&json!("completed"), &json!("What is a banyan?")));
    assert!(answer["usage"]["output_tokens"].as_i64().unwrap() > 0, "{answer}");
    let message = &answer["message"];
    assert_eq!((&message["response_id"], &message["depth"]), (&asked["response_id"], &json!(2)));
    assert_eq!(message["generation"]["model"], "banyan/echo");
    let line = ann.line(&format!("chat_id={chat}")).await;
    assert_eq!(column(&line, "response"), ["one!", "What is a banyan?"]);
    assert_eq!(line[0]["generation"], Value::Null);
}

#[tokio::test]
async fn a_stream_that_broke_off_is_resumed_where_it_was() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let question = "[[delay:40]] The roots of a banyan come down from its branches and become trunks.";
    let body = json!({"chat_id": chat, "question": question});
    let mut stream = Stream::of_question(&stack, &ann, &body).await;
    let mut seen = stream.until(|event| event.id >= 2).await;
    drop(stream);
    assert_eq!(seen[0].name, "start");
    let (answer, last) = (seen[0].data.clone(), seen.last().unwrap().id);

    seen.extend(ann.follow(&answer, Some(last)).await);

    let ids: Vec<_> = seen.iter().map(|event| event.id).collect();
    assert_eq!(ids, (0..=seen.last().unwrap().id).collect::<Vec<_>>(), "each comes once");
    assert_eq!(said(&seen).trim(), question.trim_start_matches("[[delay:40]] "));
    let done = seen.last().unwrap();
    assert_eq!((done.name.as_str(), &done.data["status"]), ("done", &json!("completed")));
    assert_eq!(done.data["message"]["response_id"], answer["response_id"]);
    assert_eq!(ann.follow(&answer, None).await, seen, "who comes later sees the same");
}

#[tokio::test]
async fn a_stopped_answer_keeps_what_it_has_said() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let (stream, id) = ann.ask_for_ever(&stack, &chat).await;
    let running = ann.get(&format!("/answers/get-answers?chat_id={chat}")).await.expect(200).json();
    assert_eq!(
        (running[0]["response_id"].as_str(), &running[0]["status"]),
        (Some(&*id), &json!("in_progress"))
    );
    ann.get(&format!("/messages/get-message/{id}")).await.expect(404);
    let body = json!({"chat_id": chat, "question": ENDLESS});
    let refused = ann.post("/answers/create-answer", &body).await.expect(409);
    assert_eq!((refused.code().as_str(), &refused.json()["response_id"]), ("answer_running", &json!(id)));

    ann.post(&format!("/answers/stop-answer/{id}"), &Value::Null).await.expect(200);

    let seen = stream.rest().await;
    assert_eq!(seen.last().unwrap().data["status"], "stopped", "{:?}", names(&seen));
    let answer = ann.answered(&seen[0].data).await;
    assert_eq!((text(&answer["text"]), &answer["status"]), (said(&seen).as_str(), &json!("stopped")));
    assert_eq!(answer["message"]["generation"]["status"], "stopped");
    assert_eq!(ann.get("/answers/get-answers").await.expect(200).json(), json!([]));
    let again = ann.post(&format!("/answers/stop-answer/{id}"), &Value::Null).await.expect(200).json();
    assert_eq!(again, answer, "it has ended already");
}

#[tokio::test]
async fn a_question_that_is_asked_again_has_a_second_version() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let first = ann.ask(&chat, "What is a fig?").await;
    ann.answered(&first).await;
    let next = ann.ask(&chat, "And then?").await;
    ann.answered(&next).await;

    let body = json!({"response_id": first["response_id"]});
    let second = ann.post("/answers/regenerate-answer", &body).await.expect(201).json();

    let message = ann.answered(&second).await["message"].clone();
    assert_eq!((&message["version"], &message["version_count"]), (&json!(2), &json!(2)));
    assert_eq!((&message["question"], &message["depth"]), (&json!("What is a fig?"), &json!(1)));
    let line = ann.line(&format!("chat_id={chat}")).await;
    assert_eq!(column(&line, "response_id"), [second["response_id"].clone()], "its branch is the active one");
    let trunk = ann.line(&format!("chat_id={chat}&branch_id={chat}")).await;
    let ids = [&first, &next].map(|answer| answer["response_id"].clone());
    assert_eq!(column(&trunk, "response_id"), ids);
}

#[tokio::test]
async fn a_forked_chat_gets_versions_of_what_it_inherits() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let mut answers = Vec::new();
    for question in ["What is a fig?", "And then?"] {
        answers.push(ann.ask(&chat, question).await);
        ann.answered(answers.last().unwrap()).await;
    }
    let fork = ann.post("/chats/fork-chat", &json!({"chat_id": chat})).await.expect(201).json();
    let fork = text(&fork["chat_id"]);
    ann.say(fork, "own").await;

    let mut versions = Vec::new();
    for answer in &answers {
        let body = json!({"response_id": answer["response_id"], "chat_id": fork});
        let version = ann.post("/answers/regenerate-answer", &body).await.expect(201).json();
        assert_eq!((version["chat_id"].as_str(), version["branch_id"].as_str()), (Some(fork), Some(fork)));
        versions.push(ann.answered(&version).await["message"].clone());
        assert_eq!(versions.last().unwrap()["parent_response_id"], answer["parent_response_id"]);
    }

    for (version, lines) in versions.iter().zip([vec!["What is a fig?"], vec!["What is a fig?", "And then?"]])
    {
        assert_eq!((&version["version"], &version["version_count"]), (&json!(2), &json!(2)));
        let line = ann.line(&format!("chat_id={fork}&branch_id={}", text(&version["branch_id"]))).await;
        assert_eq!(column(&line, "question"), lines);
    }
    let of_source = ann.get(&format!("/messages/get-message/{}", text(&answers[1]["response_id"]))).await;
    assert_eq!(of_source.json()["version_count"], 1, "the source has none of them");
    // Once the source is deleted, only the fork has it.
    ann.delete(&format!("/chats/delete-chat/{chat}")).await.expect(200);
    let again = json!({"response_id": answers[1]["response_id"]});
    assert_eq!(ann.post("/answers/regenerate-answer", &again).await.expect(404).code(), "chat_not_found");
    let again = json!({"response_id": answers[1]["response_id"], "chat_id": fork});
    let version = ann.post("/answers/regenerate-answer", &again).await.expect(201).json();
    assert_eq!(ann.answered(&version).await["message"]["version_count"], 3);
}

#[tokio::test]
async fn the_settings_of_a_chat_name_its_model() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let models = ann.get("/models/get-models").await.expect(200).json();
    assert_eq!(column(models.as_array().unwrap(), "model"), ["banyan/echo"]);
    let settings = json!({"settings": {"model": "no such model"}});
    ann.put(&format!("/chats/update-chat/{chat}"), &settings).await.expect(200);

    let question = json!({"chat_id": chat, "question": "?"});
    let refused = ann.post("/answers/create-answer", &question).await.expect(404);

    assert_eq!(refused.code(), "model_not_found");
    let named = json!({"chat_id": chat, "question": "?", "model": "banyan/echo"});
    ann.post("/answers/create-answer", &named).await.expect(201);
}

#[tokio::test]
async fn a_deleted_chat_drops_its_answer_for_good() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let (stream, id) = ann.ask_for_ever(&stack, &chat).await;
    let answer = format!("/answers/get-answer/{id}");

    ann.delete(&format!("/chats/delete-chat/{chat}")).await.expect(200);

    let seen = stream.rest().await;
    let last = seen.last().unwrap();
    assert_eq!((last.name.as_str(), &last.data["error"]["code"]), ("failed", &json!("answer_dropped")));
    ann.wait_for(&answer, 404, SOON).await;
    assert_eq!(ann.get("/answers/get-answers").await.expect(200).json(), json!([]));
    ann.post(&format!("/chats/restore-chat/{chat}"), &Value::Null).await.expect(200);
    ann.get(&answer).await.expect(404);
    ann.ask(&chat, "And now?").await;
    let is_there = async || {
        let line = ann.get(&format!("/messages/get-messages?chat_id={chat}")).await;
        column(line.json().as_array().unwrap_or(&Vec::new()), "response") == ["And now?"]
    };
    tokio::time::timeout(SOON, async { while !is_there().await {} }).await.expect("the new answer alone");
}

#[tokio::test]
async fn a_deleted_account_ends_its_answers() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let (stream, _) = ann.ask_for_ever(&stack, &chat).await;

    let password = json!({"password": PASSWORD});
    ann.client.send(Method::DELETE, "/api/v1/auth/me", Some(password.to_string())).await.expect(200);

    let seen = tokio::time::timeout(SOON, stream.rest()).await.expect("the stream ends");
    assert!(!names(&seen).contains(&"done"), "{seen:?}");
    let running = async || {
        let series = Samples::of(&stack.metrics).await;
        series.sum("answer_runs", &["state=\"running\""])
    };
    let gone = async { while running().await.is_some_and(|count| count > 0.0) {} };
    tokio::time::timeout(SOON, gone).await.expect("no answer is under way");
}
