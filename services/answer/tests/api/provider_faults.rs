//! Providers that fail, or are cut off: the question and what was said are kept, and all readers see the same end.

use crate::app::{chat, spawn_app_with, text};
use crate::events::text_of;
use crate::fake_model::{FakeModel, Reply};
use crate::provider_cases::{Case, WORDS, check, delta, finished, raw, words_and};
use crate::reader::Reader;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn what_was_said_before_the_connection_was_cut_is_kept_wherever_that_is() {
    let whole = words_and([finished(&json!("stop"))]);
    let reply = Reply::raw_stream(&raw(&whole));
    let ends: Vec<_> =
        whole.iter().map(|event| reply.position(&event.to_string()) + event.to_string().len()).collect();
    // Everywhere around the ends of events, and here and there between them.
    let around = ends.iter().flat_map(|end| end - 1..=end + 2);
    let mut cuts: Vec<_> = (0..ends[3]).step_by(23).chain(around).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let case = |cut: usize| {
        // Without the empty line after it, an event may count or not.
        let least = ends.iter().filter(|end| **end + 2 <= cut).count();
        let most = ends.iter().filter(|end| **end <= cut).count();
        let replies = vec![reply.clone().cut(cut)];
        if least == whole.len() {
            return Some(Case::completed(replies));
        }
        let responses = (least..=most.min(WORDS.len())).map(|count| WORDS[..count].concat()).collect();
        let failed = Case { replies, responses, status: "failed", code: Some("provider_unavailable") };
        (most < whole.len()).then_some(failed)
    };
    let cases: Vec<_> = cuts.into_iter().filter_map(case).collect();
    assert!(cases.len() > 30, "{}", cases.len());
    check(cases).await;
}

#[tokio::test]
async fn a_provider_that_refuses_or_fails_ends_the_run_with_what_was_said() {
    let limited = Reply::with("429 Too Many Requests", "retry-after: 60\r\n", "{}");
    let broken = Reply::error("500 Internal Server Error", &json!({"error": {"message": "boom"}}));
    let whole = Reply::stream(&words_and([finished(&json!("stop"))]));
    let error = json!({"error": {"type": "server_error", "message": "boom"}});
    let too_long = Reply::error("400 Bad Request", &json!({"error": {"code": "context_length_exceeded"}}));
    let page = Reply::with("200 OK", "content-type: text/html\r\n", "<html></html>");
    let begun = |event: &str| vec![Reply::raw_stream(&format!("{}{event}", raw(&[delta(&json!("A "))])))];
    let (unavailable, limits) = ("provider_unavailable", "provider_rate_limited");
    let cases = vec![
        (Case::failed(vec![limited.clone()], "", limits), 1),
        (Case::failed(vec![broken.clone()], "", unavailable), 3),
        (Case::completed(vec![broken, whole.clone()]), 2),
        (
            Case::completed(vec![
                Reply::with("429 Too Many Requests", "retry-after-ms: 10\r\n", "{}"),
                whole.clone(),
            ]),
            2,
        ),
        (Case::completed(vec![Reply::nothing(), whole.clone()]), 2),
        (Case::failed(vec![Reply::nothing()], "", unavailable), 3),
        (Case::failed(vec![Reply::error("401 Unauthorized", &json!({}))], "", "provider_auth"), 1),
        (Case::failed(vec![Reply::error("400 Bad Request", &json!({}))], "", "provider_rejected"), 1),
        (Case::failed(vec![too_long.clone()], "", "context_too_long"), 2),
        (Case::failed(vec![Reply::stream(std::slice::from_ref(&error))], "", unavailable), 3),
        (Case::completed(vec![Reply::stream(std::slice::from_ref(&error)), whole]), 2),
        (Case::failed(begun(&format!("data: {error}\n\n")), "A ", unavailable), 1),
        (Case::failed(begun("event: error\ndata: boom\n\n"), "A ", unavailable), 1),
        (Case::failed(begun("data: {\"choices\"\n\n"), "A ", unavailable), 1),
        (Case::failed(vec![page], "", unavailable), 1),
    ];
    let (cases, requests): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let servers = check(cases).await;
    let asked: Vec<_> = servers.iter().map(FakeModel::requests).collect();
    assert_eq!(asked, requests, "how often each was asked");
}

#[tokio::test]
async fn a_provider_that_stalls_keeps_no_run_for_longer_than_one_may_take() {
    let app = spawn_app_with(|config| config.timing.max_run = Duration::from_millis(1500)).await;
    let replica = app.replica().await;
    let (here, there, chat) = (app.user(), app.user_at(&replica), chat());
    let id = here.ask(&chat, "[[delay:1]] [[stall:after=2]] one two three").await;
    let readers = [here, there].map(|user| {
        let reader = Reader::of(&id);
        async move { reader.read_to_end(&[user]).await }
    });
    for reader in join_all(readers).await {
        let events = reader.events();
        let end = events.last().unwrap();
        assert_eq!((text_of(&events).as_str(), end.name.as_str()), ("one two ", "failed"));
        assert_eq!(end.data["error"]["code"], "timed_out");
    }
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!((text(&message["response"]), text(&message["generation"]["status"])), ("one two ", "failed"));
}
