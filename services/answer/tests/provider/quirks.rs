//! Servers differ more than their common name says.

use crate::fake_model::Reply;
use crate::support::{delta, events_of, finish, finished, text};
use answer::provider::{Event, FinishReason, ProviderError, Usage};
use serde_json::{Value, json};

async fn events(chunks: &[Value]) -> Vec<Event> {
    let (events, error) = events_of(Reply::stream(chunks)).await;
    assert_eq!(error, None);
    events
}

#[tokio::test]
async fn a_finish_reason_that_is_none_ends_nothing() {
    for nothing in [json!(""), json!("null"), json!(null)] {
        let first = json!({"choices": [{"delta": {"content": "a"}, "finish_reason": nothing}]});
        let events = events(&[first, delta("b"), finished(&json!("stop"))]).await;
        assert_eq!((text(&events).as_str(), finish(&events)), ("ab", Some(FinishReason::Stop)), "{nothing}");
    }
}

#[tokio::test]
async fn a_stream_that_is_done_has_ended_also_without_a_finish_reason() {
    let events = events(&[delta("a")]).await;
    assert_eq!(events, [Event::Text("a".to_owned()), Event::Finished(FinishReason::Stop)]);
}

#[tokio::test]
async fn a_finish_reason_counts_also_without_an_end_of_the_stream() {
    let chunks = format!("data: {}\n\ndata: {}\n\n", delta("a"), finished(&json!("length")));
    let (events, error) = events_of(Reply::raw_stream(&chunks)).await;
    assert_eq!((finish(&events), error), (Some(FinishReason::Length), None));
}

#[tokio::test]
async fn each_server_has_words_of_its_own_for_its_end() {
    let cases = [
        ("stop", FinishReason::Stop),
        ("eos", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("max_tokens", FinishReason::Length),
        ("content_filter", FinishReason::ContentFilter),
        ("SAFETY", FinishReason::ContentFilter),
        ("tool_calls", FinishReason::ToolCalls),
        ("function_call", FinishReason::ToolCalls),
    ];
    for (word, reason) in cases {
        let events = events(&[delta("a"), finished(&json!(word))]).await;
        assert_eq!(finish(&events), Some(reason), "{word}");
    }
}

#[tokio::test]
async fn content_is_a_text_or_null_or_an_array_of_parts() {
    let chunk = |content: Value| json!({"choices": [{"delta": {"role": "assistant", "content": content}}]});
    let parts = json!([
        {"type": "text", "text": "b"},
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "c"},
    ]);
    let events = events(&[chunk(json!(null)), chunk(json!("a")), chunk(parts)]).await;
    let expected = ["a", "b", "hm", "c"].map(|text| match text {
        "hm" => Event::Reasoning(text.to_owned()),
        _ => Event::Text(text.to_owned()),
    });
    assert_eq!(events[..4], expected);
}

#[tokio::test]
async fn reasoning_has_two_names_and_is_told_once() {
    let chunk = |delta: Value| json!({"choices": [{"delta": delta}]});
    let events = events(&[
        chunk(json!({"reasoning_content": "a"})),
        chunk(json!({"reasoning": "b"})),
        chunk(json!({"reasoning": "c", "reasoning_content": "c", "content": ""})),
    ])
    .await;
    let expected = ["a", "b", "c"].map(|text| Event::Reasoning(text.to_owned()));
    assert_eq!(events[..3], expected);
}

#[tokio::test]
async fn usage_comes_in_a_chunk_without_choices_and_is_told_before_the_end() {
    let usage = json!({"choices": [], "usage": {
        "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 1},
    }});
    let events = events(&[delta("a"), finished(&json!("stop")), usage]).await;
    let usage = Usage {
        input_tokens: Some(7),
        output_tokens: Some(3),
        cached_tokens: Some(5),
        reasoning_tokens: Some(1),
    };
    assert_eq!(events[1..], [Event::Usage(usage), Event::Finished(FinishReason::Stop)]);
}

#[tokio::test]
async fn of_usage_in_each_chunk_the_last_counts() {
    let chunk =
        |tokens| json!({"choices": [{"delta": {"content": "a"}}], "usage": {"completion_tokens": tokens}});
    let events = events(&[chunk(1), chunk(2), json!({"choices": [], "usage": null})]).await;
    let usages: Vec<_> = events.iter().filter(|event| matches!(event, Event::Usage(_))).collect();
    assert_eq!(usages, [&Event::Usage(Usage { output_tokens: Some(2), ..Usage::default() })]);
}

#[tokio::test]
async fn an_error_within_a_stream_comes_after_the_text_before_it() {
    let cases = [
        (json!({"error": {"message": "boom", "code": 500}}), ProviderError::Unavailable),
        (json!({"error": {"code": "rate_limit_exceeded"}}), ProviderError::RateLimited),
        (json!({"error": "it failed"}), ProviderError::Unavailable),
        (json!({"object": "error", "message": "no", "code": 400}), ProviderError::Rejected),
        (json!({"choices": [{"delta": {}, "finish_reason": "error"}]}), ProviderError::Unavailable),
        (
            json!({"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 600, "n_ctx": 512}}),
            ProviderError::ContextTooLong { context_window: Some(512) },
        ),
    ];
    for (error, expected) in cases {
        let (events, told) = events_of(Reply::stream(&[delta("a"), error.clone(), delta("b")])).await;
        assert_eq!((text(&events).as_str(), told), ("a", Some(expected)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_cut_after_any_byte_is_not_complete() {
    let reply = Reply::stream(&[delta("a"), delta("b"), finished(&json!("stop"))]);
    let first = reply.position("data: ") + 1;
    // Before the finish reason has arrived whole.
    for bytes in (first..reply.position("\n\ndata: [DONE]")).step_by(7) {
        let (events, error) = events_of(reply.clone().cut(bytes)).await;
        assert_eq!(error, Some(ProviderError::Unavailable), "{bytes}");
        assert!(["", "a", "ab"].contains(&text(&events).as_str()) && finish(&events).is_none(), "{bytes}");
    }
}

#[tokio::test]
async fn a_completion_that_is_not_streamed_counts_too() {
    let whole = json!({
        "choices": [{"message": {"role": "assistant", "content": "all"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    });
    let (events, error) = events_of(Reply::error("200 OK", &whole)).await;
    assert_eq!((text(&events).as_str(), finish(&events), error), ("all", Some(FinishReason::Stop), None));
}

#[tokio::test]
async fn a_page_is_no_stream() {
    let reply = Reply::with("200 OK", "content-type: text/html\r\n", "<html>");
    assert_eq!(events_of(reply).await.1, Some(ProviderError::NoStream));
    assert_eq!(
        events_of(Reply::error("200 OK", &json!({"ok": true}))).await.1,
        Some(ProviderError::NoStream)
    );
}

#[tokio::test]
async fn tool_calls_come_whole_whatever_their_pieces_are() {
    let chunk = |calls: Value| json!({"choices": [{"delta": {"tool_calls": calls}}]});
    let call = |id: &str, name: &str, arguments: &str| {
        Event::ToolCall(
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
        )
    };
    let pieces = [
        chunk(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}])),
        chunk(json!([{"index": 0, "function": {"arguments": "{\"x\":"}}])),
        chunk(json!([{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}}])),
        chunk(json!([{"index": 0, "function": {"arguments": "1}"}}])),
        finished(&json!("tool_calls")),
    ];
    // All under one index, or none; with arguments that are an object; "stop" as the end.
    let whole = [
        chunk(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}}])),
        chunk(json!([{"index": 0, "id": "b", "function": {"name": "g"}}])),
        finished(&json!("stop")),
    ];
    let without_index = [chunk(json!([
        {"id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}},
        {"id": "b", "function": {"name": "g", "arguments": ""}},
    ]))];
    for chunks in [&pieces[..], &whole, &without_index] {
        let expected =
            [call("a", "f", "{\"x\":1}"), call("b", "g", "{}"), Event::Finished(FinishReason::ToolCalls)];
        assert_eq!(events(chunks).await, expected);
    }
}

#[tokio::test]
async fn a_call_that_breaks_off_at_the_most_tokens_is_dropped() {
    let call =
        |id: &str, arguments: &str| json!({"id": id, "function": {"name": "f", "arguments": arguments}});
    let chunk = json!({"choices": [{"delta": {"tool_calls": [call("a", "{}"), call("b", "{\"x\":")]}}]});
    let events = events(&[chunk, finished(&json!("length"))]).await;
    assert_eq!((events.len(), finish(&events)), (2, Some(FinishReason::Length)));
}
