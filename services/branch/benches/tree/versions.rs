//! The versions of a message: what operations on it cost as there are more of them.

use crate::bench::{Bench, newest, text};
use crate::figures::{head, in_turn, rows};
use crate::places::response;
use branch::domain::{Metadata, Response};
use branch::store::EditRequest;
use serde_json::json;
use shared::ids::ResponseId;
use shared::validation::TextField as _;

const VERSIONS: [usize; 3] = [100, 1_000, 10_000];
const MESSAGES_PER_LINE: usize = 100;
/// The messages of a cherry-pick.
const COPIES_PER_CHERRY_PICK: usize = 10;

/// A chat whose newest message has many versions.
struct Place {
    chat: String,
    message: String,
}

pub async fn run(bench: &Bench) {
    let mut places = Vec::new();
    for size in VERSIONS {
        let chat = bench.line(MESSAGES_PER_LINE).await.to_string();
        let message = &bench.newest_messages(&chat).await[0];
        edit_often(bench, response(message), size - 1).await;
        places.push(Place { message: text(message, "response_id"), chat });
    }
    head(&format!("{}: versions of a message", bench.engine));
    let get = async |path: String| drop(bench.get(&path).await);
    measure("page, newest", &places, async |at| get(newest(&at.chat)).await).await;
    let read = async |at: &Place| get(format!("/api/v1/messages/get-message/{}", at.message)).await;
    measure("get-message", &places, read).await;
    let list = async |at: &Place| {
        get(format!("/api/v1/messages/get-versions?response_id={}&limit=50", at.message)).await;
    };
    measure("get-versions, 50", &places, list).await;
    let edit = async |at: &Place| {
        let body = json!({"response_id": at.message, "response": "again"});
        bench.client.post("/api/v1/messages/edit-message", &body).await.expect(201);
    };
    measure("edit", &places, edit).await;
    let pick = async |at: &Place| {
        let body =
            json!({"response_ids": vec![&at.message; COPIES_PER_CHERRY_PICK], "onto_branch_id": at.chat});
        bench.client.post("/api/v1/branches/cherry-pick", &body).await.expect(201);
    };
    measure("cherry-pick, 10", &places, pick).await;
}

/// Edits a message so often, through the store.
async fn edit_often(bench: &Bench, message: ResponseId, count: usize) {
    for _ in 0..count {
        let edit = EditRequest {
            owner: bench.user,
            message,
            reading_chat: None,
            question: None,
            response: Response::parse("again".to_owned()).unwrap(),
            metadata: Metadata::default(),
            activate: false,
            branch_name: None,
            key: None,
        };
        bench.store.edit_message(edit).await.unwrap();
    }
}

async fn measure(operation: &str, places: &[Place], ours: impl AsyncFn(&Place)) {
    rows(operation, &VERSIONS, &in_turn(places, ours, async |_| false).await);
}
