//! The activity that chats show, which the branch service reports.

use crate::app::{User, column, spawn_stack};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than a report takes on a busy machine.
const REPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a list of chats until it is as expected.
pub async fn wait_for_list(user: &User, query: &str, is_expected: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let mut last = Value::Null;
    let read = async {
        loop {
            last = user.get(&format!("/chats/get-chat{query}")).await.expect(200).json();
            if let Some(chats) = last.as_array().filter(|chats| is_expected(chats)) {
                return chats.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let read = tokio::time::timeout(REPORT_TIMEOUT, read).await;
    read.unwrap_or_else(|_| panic!("{query} stays at {last}"))
}

#[tokio::test]
async fn a_list_by_activity_follows_what_is_said() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let (trees, birds) = (ann.chat("Trees").await, ann.chat("Birds").await);
    let names = |expected: [&'static str; 2]| move |chats: &[Value]| column(chats, "name") == expected;
    wait_for_list(&ann, "?order=activity", names(["Birds", "Trees"])).await;

    let first = ann.say(&trees, "What is a banyan?").await;

    let chats = wait_for_list(&ann, "?order=activity", names(["Trees", "Birds"])).await;
    let shown = |chat: &Value| {
        ["active_branch_id", "message_count", "last_message_at", "changed_at"].map(|name| chat[name].clone())
    };
    let said_at = first["timestamp"].clone();
    assert_eq!(shown(&chats[0]), [json!(trees), json!(1), said_at.clone(), said_at.clone()]);
    assert_eq!(shown(&chats[1]), [json!(birds), json!(0), Value::Null, chats[1]["created_at"].clone()]);
    wait_for_list(&ann, "", names(["Birds", "Trees"])).await;

    // An empty fork that becomes active is a change, and nothing is said.
    let fork =
        json!({"original_chat_id": trees, "branch_from_response_id": first["response_id"], "activate": true});
    let fork = ann.post("/branches/create-branch", &fork).await.expect(201).json()["branch_id"].clone();
    let chats = wait_for_list(&ann, "?order=activity", |chats| chats[0]["active_branch_id"] == fork).await;
    assert_eq!(chats[0]["last_message_at"], said_at);
    assert!(chats[0]["changed_at"].as_str() > said_at.as_str());
    assert_eq!(chats[0]["updated_at"], chats[0]["created_at"]);

    // The version before stays, and the trunk is the active branch again once the other one is deleted.
    let edit = json!({"response_id": first["response_id"], "response": "A fig."});
    let edited = ann.post("/messages/edit-message", &edit).await.expect(201).json();
    wait_for_list(&ann, "", |chats| chats[1]["message_count"] == 2).await;
    let branch = edited["branch_id"].as_str().unwrap();
    ann.delete(&format!("/branches/delete-branch/{branch}")).await.expect(200);
    let chats = wait_for_list(&ann, "?order=activity", |chats| chats[0]["message_count"] == 1).await;
    // A deletion does not take it back.
    assert_eq!(chats[0]["last_message_at"], edited["timestamp"]);
}
