//! What is sent of a line is the same, byte for byte, for each branch of it: providers cache prompts by how they begin.

use crate::fake_model::{FakeModel, Reply};
use crate::support::{collect, model_with};
use answer::context::{Context, ContextMessage};
use answer::provider::{Parameters, Prompt};
use serde_json::{Value, json};

const KEY: &str = "the same for all branches of a chat";

fn line() -> Vec<ContextMessage> {
    let message = |question: &str, response: &str, input_items, output_items| ContextMessage {
        question: question.to_owned(),
        response: response.to_owned(),
        input_items,
        output_items,
        usage: None,
        model: None,
    };
    // Keys in another order than the alphabet's, numbers, escapes.
    let call: Value = serde_json::from_str(
        r#"[{"type":"function","id":"a","function":{"name":"f","arguments":"{\"é\":1.0}"}}]"#,
    )
    .unwrap();
    let image = json!([{"type": "input_image", "image_url": "https://example.com/i.png"}]);
    vec![
        message("first \"quoted\" \u{2028}", "one\n", None, None),
        message("look", "", Some(image), Some(call)),
        message("", "two", Some(json!([{"role": "tool", "tool_call_id": "a", "content": "1"}])), None),
        message("unanswered", "", None, None),
        message("third", "three", None, None),
    ]
}

/// The body that is sent for this question after these messages.
async fn sent(line: &[ContextMessage], question: &str) -> String {
    let fake = FakeModel::start(vec![Reply::stream(&[])]).await;
    let model = model_with(&fake.base_url, "").clone();
    let mut context = Context::new(&model, Some("be brief"), question, None);
    assert!(line.iter().rev().all(|message| context.push(message.clone())));
    let (messages, dropped) = context.finish(i64::try_from(line.len()).unwrap());
    assert_eq!(dropped, 0);
    let (instructions, parameters) = (Some("be brief".to_owned()), Parameters::default());
    let prompt = Prompt { instructions, messages, parameters, cache_key: KEY.to_owned() };
    drop(collect(model.open(prompt).await.unwrap()).await);
    fake.last_body()
}

fn common<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    &one[..length]
}

#[tokio::test]
async fn a_fork_is_sent_with_the_prefix_of_its_line() {
    let line = line();
    let original = sent(&line, "fourth").await;
    assert!(original.contains(&format!("\"prompt_cache_key\":\"{KEY}\"")));
    for fork in [1, 3, 4, 5] {
        let forked = sent(&line[..fork], "?").await;
        // All messages but the new one are what the original has there.
        let (prefix, question) = forked.rsplit_once(",{\"role\":\"user\"").unwrap();
        assert!(
            question.contains("?\"}],\"stream\"") && common(&original, &forked).len() >= prefix.len(),
            "{fork}"
        );
    }
}

#[tokio::test]
async fn the_same_prompt_is_the_same_bytes_again() {
    assert_eq!(sent(&line(), "next").await, sent(&line(), "next").await);
}
