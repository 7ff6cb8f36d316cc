//! `POST /chats/fork-chat`

use crate::app::{TestApp, User, eventually, spawn_app, text};
use crate::branch_service::ForkFailure;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use shared::ids::{BranchId, ResponseId};
use shared::service::Service;
use std::time::Duration;

/// The delay after which the rest of a fork is due.
const RETRY_DELAY: Duration = Duration::from_secs(60);

struct Source {
    chat: String,
    head: String,
    branch: String,
    branch_head: String,
}

/// A chat with two branches.
async fn source(app: &TestApp, user: &User) -> Source {
    let body = json!({"name": "Trees", "chat_type": "group"});
    let chat = text(&user.create_chat(&body).await.expect(201).json()["chat_id"]).to_owned();
    let change = json!({"tags": ["botany"], "pinned": true, "settings": {"model": "fig-1"}});
    user.update_chat(&chat, &change).await.expect(200);
    let (head, branch_head) = (ResponseId::generate().to_string(), ResponseId::generate().to_string());
    let branch = BranchId::generate().to_string();
    app.branch_service.add_branch(&chat, &chat, Some(&head));
    app.branch_service.add_branch(&branch, &chat, Some(&branch_head));
    Source { chat, head, branch, branch_head }
}

fn id(chat: &Value) -> &str {
    text(&chat["chat_id"])
}

#[tokio::test]
async fn a_fork_has_name_and_type_of_its_source_and_nothing_else() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    ann.conversation(&source.chat, "record").await;
    app.clock.advance(Duration::from_secs(1));
    let fork = ann.fork_chat(&json!({"chat_id": source.chat})).await.expect(201).json();

    let now = app.clock.now();
    let expected = json!({
        "chat_id": fork["chat_id"], "account_id": ann.id, "chat_type": "group", "name": "Trees",
        "created_at": now, "updated_at": now, "active": true, "pinned": false, "tags": [],
        "settings": {"model": null, "instructions": null, "truncation": null},
        "forked_from": {"chat_id": source.chat, "response_id": source.head},
        "active_branch_id": fork["chat_id"], "message_count": 0, "last_message_at": null, "changed_at": now,
    });
    assert_eq!(fork, expected);
    assert_ne!(id(&fork), source.chat);
    assert_eq!(ann.get_chat(id(&fork)).await.expect(200).json(), fork);
    assert_eq!(ann.get_chats("?limit=1").await.expect(200).json(), json!([fork]));
    let records = ann.get_conversations(&format!("?chat_id={}", id(&fork))).await.expect(200);
    assert_eq!(records.json(), json!([]));
    let trunk = json!({
        "owner": ann.id, "created_at": now, "source_chat_id": source.chat, "response_id": source.head,
    });
    assert_eq!(app.branch_service.fork(id(&fork)), trunk);
}

#[tokio::test]
async fn a_fork_stands_where_the_request_says() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    let empty = ann.chat("empty").await;
    let Source { chat, head, branch, branch_head } = &source;
    for (body, from, response) in [
        (json!({"chat_id": chat, "branch_id": branch}), chat, json!(branch_head)),
        (json!({"chat_id": branch}), chat, json!(branch_head)),
        (json!({"chat_id": branch, "response_id": head}), chat, json!(head)),
        (json!({"chat_id": chat, "response_id": head, "branch_id": null}), chat, json!(head)),
        (json!({"chat_id": empty}), &empty, json!(null)),
    ] {
        let fork = ann.fork_chat(&body).await.expect(201).json();
        assert_eq!(fork["forked_from"], json!({"chat_id": from, "response_id": response}), "{body}");
    }

    let body = json!({"chat_id": chat, "name": "Mine", "chat_type": "personal"});
    let fork = ann.fork_chat(&body).await.expect(201).json();
    assert_eq!((&fork["name"], &fork["chat_type"]), (&json!("Mine"), &json!("personal")));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let source = source(&app, &ann).await;
    let (other, deleted) = (ann.chat("other").await, ann.chat("deleted").await);
    ann.delete_chat(&deleted).await.expect(200);
    let unknown = BranchId::generate().to_string();
    for (user, body, code) in [
        (&ann, json!({"chat_id": unknown}), "chat_not_found"),
        (&ann, json!({"chat_id": deleted}), "chat_not_found"),
        (&bob, json!({"chat_id": source.chat}), "chat_not_found"),
        (&ann, json!({"chat_id": source.chat, "branch_id": unknown}), "branch_not_found"),
        (&ann, json!({"chat_id": other, "branch_id": source.branch}), "branch_not_found"),
        (&ann, json!({"chat_id": source.chat, "response_id": unknown}), "message_not_found"),
    ] {
        assert_eq!(user.fork_chat(&body).await.expect(404).code(), code, "{body}");
    }
    for (body, error) in [
        (json!({}), "missing body.chat_id"),
        (json!({"chat_id": "x"}), "uuid_parsing body.chat_id"),
        (json!({"chat_id": source.chat, "branch_id": 1}), "uuid_type body.branch_id"),
        (json!({"chat_id": source.chat, "response_id": "x"}), "uuid_parsing body.response_id"),
        (json!({"chat_id": source.chat, "name": ""}), "string_too_short body.name"),
        (json!({"chat_id": source.chat, "chat_type": "club"}), "enum body.chat_type"),
    ] {
        assert_eq!(ann.fork_chat(&body).await.expect(422).field_errors(), [error]);
    }

    assert_eq!(app.branch_service.forks(), [""; 0]);
}

#[tokio::test]
async fn a_source_that_goes_meanwhile_is_a_404_and_leaves_nothing() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    for (failure, code) in
        [(ForkFailure::SourceGone, "chat_not_found"), (ForkFailure::ResponseGone, "message_not_found")]
    {
        app.branch_service.fail_forks(failure);
        let keyed = ann.with_key(code);
        let body = json!({"chat_id": source.chat});
        assert_eq!(keyed.fork_chat(&body).await.expect(404).code(), code);
        app.branch_service.fail_forks(None);
        assert_eq!(app.forks_under_way().await, 0);
        // Its key is free.
        keyed.fork_chat(&json!({"chat_id": source.chat, "name": "again"})).await.expect(201);
    }
    assert_eq!(ann.get_chats("").await.expect(200).json().as_array().unwrap().len(), 3);
}

/// Begins a fork that fails at a step, and returns the id of the new chat.
async fn fail(app: &TestApp, user: &User, chat: &str, failure: ForkFailure) -> String {
    app.branch_service.fail_forks(failure);
    let answer = user.fork_chat(&json!({"chat_id": chat})).await.expect(503);
    assert_eq!(answer.code(), "service_unavailable");
    let calls = app.branch.received_requests().await.unwrap();
    let fork = calls.iter().rev().find(|call| call.url.path().ends_with("/fork")).unwrap();
    fork.url.path().split('/').nth(3).unwrap().to_owned()
}

#[tokio::test]
async fn a_fork_that_failed_at_any_step_is_unseen_until_it_is_finished() {
    let mut app = spawn_app().await;
    let ann = app.user().id;
    for failure in [ForkFailure::Before, ForkFailure::After] {
        for restarts in [false, true] {
            let ann = app.user_of(ann);
            let source = source(&app, &ann).await;
            let before = ann.get_chats("").await.expect(200).json();
            let chat = fail(&app, &ann, &source.chat, failure).await;
            ann.get_chat(&chat).await.expect(404);
            ann.delete_chat(&chat).await.expect(404);
            ann.restore_chat(&chat).await.expect(404);
            ann.create_conversation(&json!({"chat_id": chat})).await.expect(404);
            app.service(Service::Branch).get(&format!("/internal/chats/{chat}")).await.expect(404);
            assert_eq!(ann.get_chats("").await.expect(200).json(), before);

            app.branch_service.fail_forks(None);
            if restarts {
                app.restart().await;
            }
            let ann = app.user_of(ann.id);
            app.clock.advance(RETRY_DELAY);
            eventually("it is there", async || ann.get_chat(&chat).await.status == 200).await;
            let fork = ann.get_chat(&chat).await.json();
            let from = json!({"chat_id": source.chat, "response_id": source.head});
            assert_eq!((&fork["name"], &fork["forked_from"]), (&json!("Trees"), &from));
            assert!(app.branch_service.forks().contains(&chat));
            assert_eq!(app.forks_under_way().await, 0);
        }
    }
}

#[tokio::test]
async fn a_fork_whose_source_goes_before_it_is_finished_is_given_up() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    let chat = fail(&app, &ann, &source.chat, ForkFailure::Before).await;
    app.branch_service.fail_forks(ForkFailure::SourceGone);
    app.clock.advance(RETRY_DELAY);
    eventually("it is given up", async || app.forks_under_way().await == 0).await;

    ann.get_chat(&chat).await.expect(404);
    // A call that is late makes no trunk, either.
    eventually("branch hears of it", async || {
        app.clock.advance(Duration::from_secs(2));
        app.branch_service.state(&chat).as_deref() == Some("destroyed")
    })
    .await;
}

#[tokio::test]
async fn a_request_with_the_same_key_finishes_what_has_failed() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    for failure in [ForkFailure::Before, ForkFailure::After] {
        let keyed = ann.with_key(&format!("{failure:?}"));
        let chat = fail(&app, &keyed, &source.chat, failure).await;
        let other = json!({"chat_id": source.chat, "name": "other"});
        assert_eq!(keyed.fork_chat(&other).await.expect(422).code(), "idempotency_key_reused");
        app.branch_service.fail_forks(None);

        let body = json!({"chat_id": source.chat});
        let answer = keyed.fork_chat(&body).await.expect(201);
        assert_eq!((id(&answer.json()), answer.header("idempotency-replayed")), (&*chat, ""));
        let replayed = keyed.fork_chat(&body).await.expect(201);
        assert_eq!((id(&replayed.json()), replayed.header("idempotency-replayed")), (&*chat, "true"));
        assert_eq!(keyed.fork_chat(&other).await.expect(422).code(), "idempotency_key_reused");
    }
    assert_eq!(app.branch_service.forks().len(), 2);
}

#[tokio::test]
async fn a_fork_of_an_account_that_is_deleted_meanwhile_leaves_nothing() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let (anns, bobs) = (source(&app, &ann).await, source(&app, &bob).await);
    let bobs_fork = fail(&app, &bob, &bobs.chat, ForkFailure::After).await;
    let fork = fail(&app, &ann, &anns.chat, ForkFailure::After).await;
    app.delete_account(ann.id).await.expect(200);
    assert_eq!(app.forks_under_way().await, 1);
    app.branch_service.fail_forks(None);
    ann.fork_chat(&json!({"chat_id": anns.chat})).await.expect(401);
    app.clock.advance(RETRY_DELAY);
    eventually("bob's is there", async || bob.get_chat(&bobs_fork).await.status == 200).await;

    ann.get_chat(&fork).await.expect(404);
    eventually("branch hears of it", async || {
        app.clock.advance(Duration::from_secs(2));
        app.branch_service.forks() == [bobs_fork.as_str()]
    })
    .await;
}

#[tokio::test]
async fn forks_beside_the_deletion_of_their_account_leave_nothing() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    let body = json!({"chat_id": source.chat});
    let forking = join_all((0..24).map(|_| ann.fork_chat(&body)));
    let (forked, deleted) = join(forking, app.delete_account(ann.id)).await;
    deleted.expect(200);
    assert!(forked.iter().all(|answer| [201, 401, 404].contains(&answer.status.as_u16())));

    app.clock.advance(RETRY_DELAY);
    eventually("nothing is left", async || {
        app.clock.advance(Duration::from_secs(2));
        ann.get_chats("").await.json() == json!([])
            && app.forks_under_way().await == 0
            && app.branch_service.forks().is_empty()
    })
    .await;
}

#[tokio::test]
async fn forks_beside_the_permanent_deletion_of_their_source_are_whole_or_not_there() {
    let app = spawn_app().await;
    let ann = app.user();
    for _ in 0..5 {
        let source = source(&app, &ann).await;
        let before = app.branch_service.forks().len();
        let body = json!({"chat_id": source.chat});
        let forking = join_all((0..16).map(|_| ann.fork_chat(&body)));
        let (forked, deleted) = join(forking, ann.delete_permanently(&source.chat)).await;
        deleted.expect(200);
        let (made, missing): (Vec<_>, Vec<_>) = forked.into_iter().partition(|answer| answer.status == 201);
        assert!(missing.iter().all(|answer| answer.status == 404));
        for fork in &made {
            ann.get_chat(id(&fork.json())).await.expect(200);
        }
        assert_eq!(app.branch_service.forks().len(), before + made.len());
        assert_eq!(app.forks_under_way().await, 0);
    }
}

#[tokio::test]
async fn a_fork_is_a_chat_like_any_other() {
    let app = spawn_app().await;
    let ann = app.user();
    let source = source(&app, &ann).await;
    let fork = ann.fork_chat(&json!({"chat_id": source.chat})).await.expect(201).json();
    ann.delete_permanently(&source.chat).await.expect(200);

    ann.update_chat(id(&fork), &json!({"name": "y"})).await.expect(200);
    ann.delete_chat(id(&fork)).await.expect(200);
    let restored = ann.restore_chat(id(&fork)).await.expect(200).json();
    assert_eq!((&restored["name"], &restored["forked_from"]), (&json!("y"), &fork["forked_from"]));
    ann.delete_permanently(id(&fork)).await.expect(200);
    assert_eq!(app.branch_service.forks(), [""; 0]);
}
