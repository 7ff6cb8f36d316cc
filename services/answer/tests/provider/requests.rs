//! The requests that providers get.

use crate::fake_model::{FakeModel, Reply};
use crate::support::{collect, delta, finished, models, prompt};
use answer::models::Model;
use answer::provider::{Parameters, Prompt, PromptMessage};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn provider() -> MockServer {
    let server = MockServer::start().await;
    let done = ResponseTemplate::new(200).set_body_raw("data: [DONE]\n\n", "text/event-stream");
    Mock::given(method("POST"))
        .and(path("/api/v1/chat/completions"))
        .and(header("content-type", "application/json"))
        .respond_with(done)
        .mount(&server)
        .await;
    server
}

fn model(server: &MockServer, fields: &str) -> Model {
    let uri = server.uri();
    let text =
        format!("[[models]]\nname = \"m\"\nbase_url = \"{uri}/api/v1/\"\ncontext_window = 1000\n{fields}");
    models(&text).unwrap().find(Some("m")).unwrap().clone()
}

/// The body that a provider gets, and its key.
async fn sent(fields: &str, prompt: Prompt) -> (Value, Option<String>) {
    let server = provider().await;
    let generation = model(&server, fields).open(prompt).await.unwrap();
    drop(collect(generation).await);
    let requests = server.received_requests().await.unwrap();
    let key = requests[0].headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
    (requests[0].body_json().unwrap(), key)
}

#[tokio::test]
async fn a_plain_question_is_sent_with_little_else() {
    let (body, key) = sent("", prompt("hi")).await;
    let expected = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}],
        "stream": true, "stream_options": {"include_usage": true},
    });
    assert_eq!((body, key), (expected, None));
}

#[tokio::test]
async fn everything_that_a_prompt_has_is_sent() {
    let result = json!({"role": "tool", "tool_call_id": "a", "content": "1"});
    let prompt = Prompt {
        instructions: Some("be brief".to_owned()),
        messages: vec![
            PromptMessage::User("q".to_owned()),
            PromptMessage::Assistant("a".to_owned()),
            PromptMessage::Items(json!([result])),
        ],
        parameters: Parameters {
            temperature: Some(0.5),
            top_p: Some(0.25),
            max_output_tokens: Some(500),
            stop: Some(vec!["END".to_owned()]),
            tools: Some(json!([{"type": "function"}])),
            tool_choice: Some(json!("auto")),
            response_format: Some(json!({"type": "json_object"})),
        },
        cache_key: "k".to_owned(),
    };
    let (body, key) =
        sent("model = \"org/model\"\napi_key_env = \"KEY\"\nmax_output_tokens = 100", prompt).await;
    let expected = json!({
        "model": "org/model",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "a"},
            result,
        ],
        "stream": true, "stream_options": {"include_usage": true},
        "max_tokens": 100, "temperature": 0.5, "top_p": 0.25, "stop": ["END"],
        "tools": [{"type": "function"}], "tool_choice": "auto", "response_format": {"type": "json_object"},
        "prompt_cache_key": "k",
    });
    assert_eq!((body, key.as_deref()), (expected, Some("Bearer sk-secret-0123")));
}

#[tokio::test]
async fn servers_that_want_it_otherwise_get_it_otherwise() {
    let request = "request = { max_tokens_field = \"max_completion_tokens\", stream_usage = false, prompt_cache_key = false }";
    let parameters = Parameters { max_output_tokens: Some(5), ..Parameters::default() };
    let (body, _) = sent(request, Prompt { parameters, cache_key: "k".to_owned(), ..prompt("hi") }).await;
    let expected = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true, "max_completion_tokens": 5,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_users_own_key_takes_the_place_of_the_deployments() {
    let server = provider().await;
    let model = model(&server, "api_key_env = \"KEY\"");
    let generation = model.open_with_key(prompt("hi"), Some("sk-own".into())).await.unwrap();
    drop(collect(generation).await);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], "Bearer sk-own");
}

#[tokio::test]
async fn connections_are_used_again_after_complete_responses() {
    let fake = FakeModel::start(vec![Reply::reusable(&[delta("a"), finished(&json!("stop"))])]).await;
    let model = crate::support::model(&fake.base_url);
    for _ in 0..20 {
        drop(collect(model.open(prompt("hi")).await.unwrap()).await);
    }
    // A question that comes at once may overtake the rest of the response before it.
    assert!(fake.requests() == 20 && fake.connections() < 15, "{}", fake.connections());
}

#[test]
fn parameters_are_stored_without_what_is_absent() {
    let parameters = Parameters { temperature: Some(1.0), ..Parameters::default() };
    assert_eq!(serde_json::to_string(&parameters).unwrap(), r#"{"temperature":1.0}"#);
    assert_eq!(serde_json::from_str::<Parameters>("{}").unwrap(), Parameters::default());
}
