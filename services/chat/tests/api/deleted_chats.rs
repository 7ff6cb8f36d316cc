//! `GET /chats/deleted-chats`

use crate::app::{DAY, column, spawn_app};
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_deleted_chat_is_listed_until_its_purge() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let (chat, other) = (ann.chat("Trees").await, ann.chat("Birds").await);
    assert_eq!(ann.deleted_chats("").await.expect(200).json(), json!([]));
    app.branch_service.count_branches(&chat, 7);
    let deleted_at = app.clock.now();
    ann.delete_chat(&chat).await.expect(200);
    app.clock.advance(HOUR);
    ann.delete_chat(&other).await.expect(200);

    let now = app.clock.now();
    let listed = ann.deleted_chats("").await.expect(200).json();
    // In the other one nothing was ever said.
    let expected = json!([
        {"chat_id": other, "name": "Birds", "deleted_at": now, "purge_at": now.plus(DAY), "branch_count": 1},
        {"chat_id": chat, "name": "Trees", "deleted_at": deleted_at, "purge_at": deleted_at.plus(DAY), "branch_count": 7},
    ]);
    assert_eq!(listed, expected);
    assert_eq!(bob.deleted_chats("").await.expect(200).json(), json!([]));

    // Also before the sweep has destroyed it.
    app.clock.advance(DAY.saturating_sub(HOUR));
    assert_eq!(column(&ann.deleted_chats("").await.expect(200), "name"), ["Birds"]);
    ann.restore_chat(&other).await.expect(200);
    assert_eq!(ann.deleted_chats("").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn the_list_is_paged_by_the_time_of_the_deletion() {
    let app = spawn_app().await;
    let ann = app.user();
    let mut chats = Vec::new();
    for number in 0..9 {
        chats.push(ann.chat(&number.to_string()).await);
    }
    // The last ones of an hour are deleted at once: their ids break the tie.
    for (number, chat) in chats.iter().enumerate().rev() {
        ann.delete_chat(chat).await.expect(200);
        if number % 3 == 0 {
            app.clock.advance(HOUR);
        }
    }

    let mut expected = Vec::new();
    for hour in chats.chunks(3) {
        let mut hour = hour.to_vec();
        hour.sort_unstable_by(|one, other| other.cmp(one));
        expected.extend(hour);
    }
    for limit in [1, 2, 4, 9] {
        let path = format!("/api/v1/chats/deleted-chats?limit={limit}");
        assert_eq!(ann.all_pages(&path, "chat_id").await, expected, "{limit}");
    }
    let first = ann.deleted_chats("?limit=2").await.expect(200);
    let next = ann.deleted_chats(&format!("?cursor={}", first.header("x-next-cursor"))).await.expect(200);
    assert_eq!(column(&next, "chat_id"), expected[2..]);
    assert_eq!(next.header("x-next-cursor"), "");
    for wrong in ["?limit=0", "?limit=x", "?cursor=x"] {
        ann.deleted_chats(wrong).await.expect(422);
    }
}

#[tokio::test]
async fn without_the_branch_service_the_list_is_a_503_unless_it_is_empty() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    app.branch_responds_with(503, &json!({})).await;
    ann.deleted_chats("").await.expect(200);
    ann.delete_chat(&chat).await.expect(200);

    assert_eq!(ann.deleted_chats("").await.expect(503).code(), "service_unavailable");
}
