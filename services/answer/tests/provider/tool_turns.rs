//! Items of messages: tool calls stay with their results.

use crate::support::model;
use answer::context::{Context, ContextMessage};
use answer::models::Model;
use answer::provider::PromptMessage;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Each model has an HTTP client, which reads the machine's certificates: one is enough here.
static MODEL: LazyLock<Model> = LazyLock::new(|| model("http://h/v1"));

pub fn message(
    question: &str,
    input: Option<Value>,
    response: &str,
    output: Option<Value>,
) -> ContextMessage {
    ContextMessage {
        question: question.to_owned(),
        response: response.to_owned(),
        input_items: input,
        output_items: output,
        usage: None,
        model: None,
    }
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}})
}

fn result(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "1"})
}

/// What is sent, as JSON, and what is dropped. The items of the question are the last argument.
pub fn sent(line: &[ContextMessage], question: &str, items: Option<&Value>) -> (Vec<Value>, i64) {
    let mut context = Context::new(&MODEL, None, question, items);
    for message in line.iter().rev() {
        if !context.push(message.clone()) {
            break;
        }
    }
    let (messages, dropped) = context.finish(i64::try_from(line.len()).unwrap());
    let flat = messages.into_iter().flat_map(|message| match message {
        PromptMessage::User(text) => vec![json!({"role": "user", "content": text})],
        PromptMessage::Assistant(text) => vec![json!({"role": "assistant", "content": text})],
        PromptMessage::Items(Value::Array(items)) => items,
        PromptMessage::Items(item) => vec![item],
    });
    (flat.collect(), dropped)
}

#[test]
fn a_call_and_its_result_are_sent_in_each_form_of_items() {
    let forms = [
        (json!([{"role": "assistant", "content": null, "tool_calls": [call("a")]}]), json!([result("a")])),
        (json!([call("a")]), json!([result("a")])),
        (
            json!([{"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": "{}"}]),
            json!([{"type": "function_call_output", "call_id": "a", "output": "1"}]),
        ),
    ];
    for (output, input) in forms {
        let line = [message("q", None, "", Some(output)), message("", Some(input), "r", None)];
        let expected = [
            json!({"role": "user", "content": "q"}),
            json!({"role": "assistant", "content": null, "tool_calls": [call("a")]}),
            result("a"),
            json!({"role": "assistant", "content": "r"}),
            json!({"role": "user", "content": "next"}),
        ];
        assert_eq!(sent(&line, "next", None).0, expected);
    }
}

#[test]
fn a_call_without_its_result_is_left_out() {
    let two = json!([call("a"), call("b")]);
    let line = [message("q", None, "text", Some(two.clone()))];
    let plain = json!({"role": "assistant", "content": "text"});
    assert_eq!(sent(&line, "next", None).0[1], plain);
    let one = json!({"role": "assistant", "content": "text", "tool_calls": [call("b")]});
    assert_eq!(sent(&line, "", Some(&json!([result("b")]))).0[1], one);
    let empty = [message("q", None, "", Some(two))];
    assert_eq!(sent(&empty, "next", None).0, [json!({"role": "user", "content": "q\n\nnext"})]);
}

#[test]
fn a_result_is_dropped_with_its_call() {
    let long = "x".repeat(1_500);
    let line = [
        message(&long, None, "", Some(json!([call("a")]))),
        message("", Some(json!([result("a")])), "r1", None),
        message("q2", None, "r2", None),
    ];
    let (messages, dropped) = sent(&line, "next", None);
    assert_eq!((messages.len(), dropped), (7, 0));
    // With a question before that fills the rest, the call goes, and with it the result.
    let line = [line.as_slice(), &[message(&long, None, "r3", None)]].concat();
    let (messages, dropped) = sent(&line, "next", None);
    assert_eq!((messages[0]["content"].as_str(), dropped), (Some("q2"), 2));
}

#[test]
fn the_call_that_the_question_answers_is_sent_whatever_it_costs() {
    let line =
        [message("q1", None, "r1", None), message(&"x".repeat(9_000), None, "", Some(json!([call("a")])))];
    let (messages, dropped) = sent(&line, "", Some(&json!([result("a")])));
    assert_eq!((messages.len(), dropped), (3, 1));
    assert_eq!(messages[1]["tool_calls"], json!([call("a")]));
}

#[test]
fn a_chain_of_calls_is_cut_where_it_does_not_fit_without_results_of_calls_that_are_gone() {
    let link = |number: usize| {
        let input = json!([result(&format!("c{}", number.saturating_sub(1)))]);
        message(&"x".repeat(600), Some(input), "", Some(json!([call(&format!("c{number}"))])))
    };
    let line: Vec<_> = (1..=50).map(link).collect();
    let (messages, dropped) = sent(&line, "", Some(&json!([result("c50")])));
    assert!((40..50).contains(&dropped), "{dropped}");
    let calls: Vec<_> = messages.iter().filter_map(|message| message["tool_calls"][0].get("id")).collect();
    let results: Vec<_> = messages.iter().filter_map(|message| message.get("tool_call_id")).collect();
    assert_eq!(calls, results);
    assert_eq!(calls.last(), Some(&&json!("c50")));
}

#[test]
fn results_at_the_root_without_any_call_go() {
    let line = [message("", Some(json!([result("a")])), "r1", None), message("q2", None, "r2", None)];
    let (messages, dropped) = sent(&line, "next", None);
    assert_eq!((messages[0]["content"].as_str(), dropped), (Some("q2"), 1));
}

/// A line in which each message may call a tool, and have the result of the call before it; with the lengths of questions.
fn line(parts: &[(bool, bool, usize)]) -> Vec<ContextMessage> {
    let calls = |number: usize| parts.get(number).is_some_and(|(calls, ..)| *calls);
    let build = |(number, (_, answers, length)): (usize, &(bool, bool, usize))| {
        let has_result = *answers && number > 0 && calls(number - 1);
        let input = has_result.then(|| json!([result(&format!("call {}", number - 1))]));
        let output = calls(number).then(|| json!([call(&format!("call {number}"))]));
        message(&format!("q{number} {}", "x".repeat(*length)), input, "r", output)
    };
    parts.iter().enumerate().map(build).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_kept_is_the_end_of_the_line_and_calls_and_results_are_pairs(
        parts in prop::collection::vec((any::<bool>(), any::<bool>(), 0..400_usize), 0..30),
    ) {
        let line = line(&parts);
        let (messages, dropped) = sent(&line, "next", None);
        let dropped = usize::try_from(dropped).unwrap();
        let texts: Vec<&str> = messages.iter().filter_map(|message| message["content"].as_str()).collect();
        for (number, message) in line.iter().enumerate() {
            prop_assert_eq!(texts.contains(&message.question.as_str()), number >= dropped);
        }
        let calls = messages.iter().filter_map(|message| message["tool_calls"].as_array());
        let calls: Vec<&Value> = calls.flatten().map(|call| &call["id"]).collect();
        let results: Vec<&Value> = messages.iter().filter_map(|message| message.get("tool_call_id")).collect();
        prop_assert_eq!(calls, results);
    }
}
