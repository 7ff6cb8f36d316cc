//! Items of messages: tool calls stay with their results, and images go with the question.

use crate::support::model;
use answer::context::{Context, ContextMessage};
use answer::models::Model;
use answer::provider::PromptMessage;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Each model has an HTTP client, which reads the machine's certificates: one is enough here.
static MODEL: LazyLock<Model> = LazyLock::new(|| model("http://h/v1"));

fn message(question: &str, input: Option<Value>, response: &str, output: Option<Value>) -> ContextMessage {
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
fn sent(line: &[ContextMessage], question: &str, items: Option<&Value>) -> (Vec<Value>, i64) {
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

#[test]
fn images_are_parts_of_the_question() {
    let items = json!([{"type": "input_image", "image_url": "https://example.com/i.png", "detail": "low"}]);
    let expected = json!({"role": "user", "content": [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/i.png", "detail": "low"}},
    ]});
    assert_eq!(sent(&[], "what is it?", Some(&items)).0, [expected]);
    let message = json!([{"type": "message", "id": "m1", "role": "user", "content": [{"type": "input_text", "text": "a"}]}]);
    let expected = json!({"role": "user", "content": [{"type": "text", "text": "a"}]});
    assert_eq!(sent(&[], "", Some(&message)).0, [expected]);
}

#[test]
fn only_texts_and_images_with_a_public_name_are_sent() {
    let items = json!([
        {"type": "video_url", "video_url": {"url": "http://10.0.0.1/"}},
        {"type": "image_url", "image_url": {"url": "http://10.0.0.1/"}},
        {"role": "user", "audio": {"url": "http://10.0.0.1/"}, "content": [
            {"type": "text", "text": "a", "url": "http://10.0.0.1/"},
            {"type": "image_url", "image_url": {"url": "https://10.0.0.1/"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
        ]},
    ]);
    let image = json!({"url": "data:image/png;base64,AA", "detail": "low"});
    let expected = [
        json!({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": image}]}),
        json!({"role": "user", "content": "next"}),
    ];
    assert_eq!(sent(&[], "next", Some(&items)).0, expected);
}

#[test]
fn a_model_that_takes_no_images_is_told_that_there_was_one() {
    let items = json!([{"type": "input_image", "image_url": "https://example.com/i.png"}]);
    let line = [message("what is it?", Some(items), "a fig", None)];
    let content = json!([{"type": "text", "text": "what is it?"}, {"type": "text", "text": "[image]"}]);
    assert_eq!(sent(&line, "next", None).0[0], json!({"role": "user", "content": content}));
}

#[test]
fn an_image_costs_no_more_the_larger_its_data_is() {
    let image = format!("data:image/png;base64,{}", "A".repeat(4 << 20));
    let items = json!([{"type": "image_url", "image_url": {"url": image}}]);
    let model = crate::support::models(
        "[[models]]\nname = \"m\"\nbase_url = \"http://h/v1\"\ncontext_window = 8000\n",
    );
    let models = model.unwrap();
    let mut context = Context::new(models.find(None).unwrap(), None, "q", Some(&items));
    assert!(context.push(message("q", None, "r", None)));
}

#[test]
fn a_text_that_looks_like_an_image_costs_what_a_text_does() {
    let long = format!("data:{}", "A".repeat(9_000));
    for item in [
        json!({"role": "user", "content": long}),
        json!({"type": "text", "text": long}),
        json!({"type": "image_url", "text": long}),
    ] {
        let line = [message("q", Some(json!([item])), "r", None)];
        assert_eq!(sent(&line, "next", None).1, 1, "{item}");
    }
}

#[test]
fn a_line_is_kept_up_to_16_mib_however_large_the_window_is() {
    let models = crate::support::models(
        "[[models]]\nname = \"m\"\nbase_url = \"http://h/v1\"\ncontext_window = 100000000\n",
    )
    .unwrap();
    let mut context = Context::new(models.find(None).unwrap(), None, "q", None);
    let long = message(&"x".repeat(1 << 20), None, &"y".repeat(1 << 20), None);
    assert_eq!((0..20).take_while(|_| context.push(long.clone())).count(), 8);
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
