//! What is learned of a model's tokens, from its usage and from its refusals.

use crate::fake_model::{FakeModel, Reply};
use crate::support::{collect, delta, finished, model};
use answer::context::{Context, ContextMessage};
use answer::models::Model;
use answer::provider::{Parameters, Prompt, ProviderError};
use serde_json::{Value, json};

/// A prompt of as many messages of 104 estimated tokens as the model seems to take; and their number.
fn fitted(model: &Model) -> (Prompt, usize) {
    let message = ContextMessage {
        question: "x".repeat(300),
        response: "x".repeat(300),
        input_items: None,
        output_items: None,
        usage: None,
        model: None,
    };
    let mut context = Context::new(model, None, "next", None);
    let count = (0..100).take_while(|_| context.push(message.clone())).count();
    let (messages, _) = context.finish(100);
    let prompt =
        Prompt { instructions: None, messages, parameters: Parameters::default(), cache_key: String::new() };
    (prompt, count)
}

/// How many messages fit before and after this reply.
async fn learn(reply: Reply) -> (usize, usize, Option<ProviderError>) {
    let fake = FakeModel::start(vec![reply]).await;
    let model = model(&fake.base_url);
    let (prompt, before) = fitted(&model);
    let error = match model.clone().open(prompt).await {
        Ok(generation) => collect(generation).await.1,
        Err(error) => Some(error),
    };
    (before, fitted(&model).1, error)
}

fn refusal(error: &Value) -> Reply {
    Reply::error("400 Bad Request", &json!({"error": error}))
}

#[tokio::test]
async fn after_a_refusal_the_next_prompt_is_shorter() {
    let code = "context_length_exceeded";
    let cases = [
        // The window is smaller than the file says.
        json!({"code": code, "message": "This model's maximum context length is 500 tokens."}),
        // The tokens are more than estimated.
        json!({"type": "exceed_context_size_error", "n_prompt_tokens": 1300, "n_ctx": 1000}),
        // Nothing is told.
        json!({"code": code}),
    ];
    for error in cases {
        let (before, after, told) = learn(refusal(&error)).await;
        assert!(matches!(told, Some(ProviderError::ContextTooLong { .. })));
        assert!(after < before && after >= 1, "{error} {before} {after}");
    }
}

#[tokio::test]
async fn a_refusal_shrinks_the_window_of_all_only_by_a_code_and_by_little() {
    let code = "context_length_exceeded";
    let said = |window: u32| format!("This model's maximum context length is {window} tokens.");
    let cases = [
        (json!({"code": code, "message": said(500)}), true),
        (json!({"type": "exceed_context_size_error", "n_ctx": 500}), true),
        // A text may be the user's.
        (json!({"message": said(500)}), false),
        (json!({"code": code, "message": said(1)}), false),
        // What one prompt has shown says nothing of the others.
        (json!({"type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 1000}), false),
    ];
    for (error, is_for_all) in cases {
        let fake = FakeModel::start(vec![refusal(&error)]).await;
        let model = model(&fake.base_url);
        let run = model.for_run();
        let (prompt, before) = fitted(&run);
        run.open(prompt).await.unwrap_err();
        assert!(fitted(&run).1 < before, "{error}");
        assert_eq!(fitted(&model).1 < before, is_for_all, "{error}");
    }
}

#[tokio::test]
async fn a_prompt_that_nobody_can_estimate_moves_the_scale_by_no_more_than_twice() {
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 100_000, "completion_tokens": 1}});
    let (before, after, _) = learn(Reply::stream(&[delta("a"), finished(&json!("stop")), usage])).await;
    assert!(after >= before / 2 && after < before, "{before} {after}");
}

#[tokio::test]
async fn usage_scales_the_estimates() {
    let usage =
        |tokens: i64| json!({"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 1}});
    for (tokens, change) in [(320, 1), (1300, -1)] {
        let reply = Reply::stream(&[delta("a"), finished(&json!("stop")), usage(tokens)]);
        let (before, after, error) = learn(reply).await;
        assert_eq!((error, after.cmp(&before)), (None, change.cmp(&0)), "{before} {after}");
    }
}
