//! The built-in model, and what it can be told. Time is paused.

use crate::support::{collect, echo, finish, prompt, text};
use answer::provider::{Event, FinishReason, Parameters, Prompt, PromptMessage, ProviderError};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The text of an echo, how it ended, and how long it took.
async fn ask(question: &str) -> (String, Result<Option<FinishReason>, ProviderError>, Duration) {
    let start = Instant::now();
    let (events, error) = collect(echo().open(prompt(question)).await.unwrap()).await;
    (text(&events), error.map_or(Ok(finish(&events)), Err), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_question_comes_back_word_by_word() {
    let (events, error) = collect(echo().open(prompt("a  b\nc")).await.unwrap()).await;
    let words: Vec<&Event> = events.iter().filter(|event| matches!(event, Event::Text(_))).collect();
    assert_eq!((words.len(), text(&events).as_str(), error), (3, "a  b\nc", None));
    let Event::Usage(usage) = &events[3] else { panic!("{events:?}") };
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(3), Some(3)));
    assert_eq!(finish(&events), Some(FinishReason::Stop));
}

#[tokio::test(start_paused = true)]
async fn it_is_as_slow_as_it_is_told() {
    for (directive, millis) in [("", 60), ("[[delay:500]]", 1_500), ("[[delay:0]]", 0), ("[[slow]]", 3_000)] {
        let (text, end, took) = ask(&format!("a {directive} b c")).await;
        assert_eq!(
            (text.trim(), end),
            (if directive.is_empty() { "a  b c" } else { "a b c" }, Ok(Some(FinishReason::Stop)))
        );
        assert!(took.as_millis().abs_diff(millis) < 10, "{directive} {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_as_it_is_told() {
    let cases = [
        ("a b c d [[fail:after=3]]", "a b c ", Err(ProviderError::Unavailable)),
        ("a b c d [[fail]]", "a b ", Err(ProviderError::Unavailable)),
        ("a b c d [[fail:after=0]]", "", Err(ProviderError::Unavailable)),
        ("a b c d [[fail:after=20]]", "a b c d", Err(ProviderError::Unavailable)),
        ("a b c d [[stop:after=1]]", "a ", Ok(Some(FinishReason::Length))),
        ("a b c d [[stall:after=1]]", "a ", Err(ProviderError::TimedOut)),
        ("[[repeat:3]]a b", "a b a b a b", Ok(Some(FinishReason::Stop))),
        ("[[repeat:3]] a b [[stop]]", "a b a ", Ok(Some(FinishReason::Length))),
        ("", "", Ok(Some(FinishReason::Stop))),
        ("[[x]] [[fail:after=x]] [[", "[[x]] [[fail:after=x]] [[", Ok(Some(FinishReason::Stop))),
    ];
    for (question, expected, end) in cases {
        let (text, ended, _) = ask(question).await;
        assert_eq!((text.as_str(), ended), (expected, end), "{question}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_in_pieces_loses_no_word_and_takes_no_longer() {
    let mut generation = echo().open(prompt("[[delay:400]] a b c")).await.unwrap();
    let (start, mut said) = (Instant::now(), String::new());
    loop {
        match timeout(Duration::from_millis(150), generation.next()).await {
            Ok(Some(Ok(Event::Text(word)))) => said.push_str(&word),
            Err(_) | Ok(Some(_)) => {}
            Ok(None) => break,
        }
    }
    assert_eq!(said, "a b c");
    assert!(start.elapsed() < Duration::from_millis(1_300), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn it_calls_a_tool_and_keeps_to_the_most_tokens() {
    let (events, _) = collect(echo().open(prompt("a [[tool:weather]]")).await.unwrap()).await;
    let function = json!({"name": "weather", "arguments": "{\"text\":\"a\"}"});
    assert_eq!(events[1], Event::ToolCall(json!({"id": "call_0", "type": "function", "function": function})));
    assert_eq!(finish(&events), Some(FinishReason::ToolCalls));

    let parameters = Parameters { max_output_tokens: Some(2), ..Parameters::default() };
    let (events, _) = collect(echo().open(Prompt { parameters, ..prompt("a b c") }).await.unwrap()).await;
    assert_eq!((text(&events).as_str(), finish(&events)), ("a b ", Some(FinishReason::Length)));
}

#[tokio::test(start_paused = true)]
async fn items_are_echoed_by_their_text() {
    let items = json!([{"role": "tool", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": "y z"}]}]);
    let prompt = Prompt { messages: vec![PromptMessage::Items(items)], ..prompt("") };
    let (events, _) = collect(echo().open(prompt).await.unwrap()).await;
    assert_eq!(text(&events), "y z");
}
