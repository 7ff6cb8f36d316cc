//! Which messages fit, counted without a tokenizer.

use crate::support::{model, model_with};
use answer::context::{Context, ContextMessage};
use answer::models::Model;
use answer::provider::{Parameters, PromptMessage, Usage, estimate};
use serde_json::json;

/// A message whose question and response are estimated at 100 tokens each, with 8 for both roles.
fn message(number: usize) -> ContextMessage {
    ContextMessage {
        question: format!("q{number:03}{}", "x".repeat(296)),
        response: format!("r{number:03}{}", "x".repeat(296)),
        input_items: None,
        output_items: None,
        usage: None,
        model: None,
    }
}

fn counted(number: usize, input: i64, output: i64) -> ContextMessage {
    let usage = Usage { input_tokens: Some(input), output_tokens: Some(output), ..Usage::default() };
    ContextMessage { usage: Some(usage), model: Some("m".to_owned()), ..message(number) }
}

/// The messages of the prompt and how many were dropped, of a line of these.
fn fill(model: &Model, line: &[ContextMessage]) -> (Vec<PromptMessage>, i64) {
    let mut context = Context::new(model, None, "next", None);
    let fitting =
        line.iter().rev().take_while(|message| context.push(ContextMessage::clone(message))).count();
    let (messages, dropped) = context.finish(i64::try_from(line.len()).unwrap());
    assert_eq!(i64::try_from(line.len() - fitting).unwrap(), dropped);
    (messages, dropped)
}

fn texts(messages: &[PromptMessage]) -> Vec<String> {
    let text = |message: &PromptMessage| match message {
        PromptMessage::User(text) | PromptMessage::Assistant(text) => text.chars().take(4).collect(),
        PromptMessage::Items(items) => items.to_string(),
    };
    messages.iter().map(text).collect()
}

#[test]
fn text_counts_a_third_of_its_bytes_and_cjk_its_characters() {
    let cases = [
        ("", 0),
        ("abc", 1),
        ("abcd", 2),
        ("日本語", 3),
        ("한국어 말", 5),
        ("日本 abc", 4),
        ("é", 1),
        ("😀", 2),
    ];
    for (text, tokens) in cases {
        assert_eq!(estimate(text), tokens, "{text}");
    }
}

#[test]
fn a_line_that_fits_is_sent_whole_the_oldest_first_and_the_question_last() {
    let (messages, dropped) = fill(&model("http://h/v1"), &[message(1), message(2)]);
    assert_eq!(texts(&messages), ["q001", "r001", "q002", "r002", "next"]);
    assert_eq!(dropped, 0);
}

#[test]
fn the_oldest_messages_are_left_out_whole_and_counted() {
    // 1,000 tokens, a quarter of them for the response: three messages of 208 and the question.
    let line: Vec<_> = (1..=10).map(message).collect();
    let (messages, dropped) = fill(&model("http://h/v1"), &line);
    assert_eq!(texts(&messages), ["q008", "r008", "q009", "r009", "q010", "r010", "next"]);
    assert_eq!(dropped, 7);
}

#[test]
fn instructions_tools_and_the_response_take_their_room() {
    let line: Vec<_> = (1..=10).map(message).collect();
    let kept = |model: &Model, instructions: Option<&str>, parameters: &Parameters| {
        let mut context = Context::new(model, instructions, "next", None).with_parameters(model, parameters);
        line.iter().rev().take_while(|message| context.push(ContextMessage::clone(message))).count()
    };
    let nothing = Parameters::default();
    let plain = model("http://h/v1");
    assert_eq!(kept(&plain, None, &nothing), 3);
    assert_eq!(kept(&plain, Some(&"x".repeat(600)), &nothing), 2);
    let tools = Parameters { tools: Some(json!(["x".repeat(600)])), ..nothing.clone() };
    assert_eq!(kept(&plain, None, &tools), 2);
    let short = Parameters { max_output_tokens: Some(100), ..nothing.clone() };
    assert_eq!(kept(&plain, None, &short), 4);
    let long = Parameters { max_output_tokens: Some(1_000_000), ..nothing.clone() };
    assert_eq!(kept(&plain, None, &long), 2, "it leaves half of the window");
    assert_eq!(kept(&model_with("http://h/v1", "max_output_tokens = 50"), None, &nothing), 4);
}

#[test]
fn a_question_that_fills_the_window_alone_is_sent_alone() {
    let model = model("http://h/v1");
    let mut context = Context::new(&model, None, &"x".repeat(9_000), None);
    assert!(!context.push(message(1)) && !context.push(message(1)));
    assert_eq!(context.finish(5).1, 5);
}

#[test]
fn what_the_model_has_counted_is_exact() {
    // Prompts have grown by 80 tokens with each message, 20 of them its response, where 208 are estimated.
    let line: Vec<_> = (1..=30).map(|n| counted(usize::try_from(n).unwrap(), n * 80 - 20, 20)).collect();
    assert_eq!(fill(&model("http://h/v1"), &line).1, 22);
}

#[test]
fn what_another_model_has_counted_is_estimated() {
    let of_another = |n: i64| ContextMessage {
        model: Some("other".to_owned()),
        ..counted(usize::try_from(n).unwrap(), n * 50 - 20, 20)
    };
    let line: Vec<_> = (1..=30).map(of_another).collect();
    assert_eq!(fill(&model("http://h/v1"), &line).1, 27);
}

#[test]
fn counts_of_prompts_that_were_cut_are_not_believed() {
    // Each run dropped what came before: its prompt has not grown by its question.
    let line: Vec<_> = (1..=30).map(|n| counted(n, 120, 100)).collect();
    assert_eq!(fill(&model("http://h/v1"), &line).1, 27);
    // And one that has grown by far more than its question.
    let line: Vec<_> = (1..=30).map(|n: usize| counted(n, i64::try_from(n).unwrap() * 5_000, 100)).collect();
    assert_eq!(fill(&model("http://h/v1"), &line).1, 27);
}

#[test]
fn a_message_that_proves_longer_than_estimated_goes() {
    // The response of the newest but one is counted; its question proves three times as long once the one before it is known.
    let line = [counted(1, 100, 100), counted(2, 500, 100), counted(3, 700, 100)];
    let (messages, dropped) = fill(&model("http://h/v1"), &line);
    assert!(
        dropped >= 1 && texts(&messages).starts_with(&["q003".to_owned()]) == (dropped == 2),
        "{dropped}"
    );
}

#[test]
fn a_question_without_a_response_is_joined_with_the_next() {
    let unanswered = ContextMessage { question: "first".to_owned(), response: String::new(), ..message(1) };
    let (messages, dropped) = fill(&model("http://h/v1"), &[unanswered.clone(), message(2), unanswered]);
    assert_eq!(messages.len(), 3);
    assert!(matches!(&messages[0], PromptMessage::User(text) if text.starts_with("first\n\nq002")));
    assert!(matches!(&messages[2], PromptMessage::User(text) if text == "first\n\nnext"));
    assert_eq!(dropped, 0);
}
