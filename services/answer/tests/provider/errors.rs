//! What a provider's refusal means, and that nothing of it gets out.

use crate::fake_model::{FakeModel, Reply};
use crate::support::{events_of, model, prompt};
use answer::provider::{ProviderError, client};
use secrecy::SecretString;
use serde_json::json;
use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;
use tracing_subscriber::filter::LevelFilter;

#[tokio::test]
async fn a_refusal_is_told_by_its_kind() {
    let too_long = |context_window| ProviderError::ContextTooLong { context_window };
    let openai =
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.";
    let cases = [
        ("401 Unauthorized", json!({"error": {"code": "invalid_api_key"}}), ProviderError::Auth),
        ("403 Forbidden", json!({"error": "no"}), ProviderError::Auth),
        ("404 Not Found", json!({"error": {"message": "no such model"}}), ProviderError::Rejected),
        ("422 Unprocessable Entity", json!({"detail": [{"msg": "Field required"}]}), ProviderError::Rejected),
        ("307 Temporary Redirect", json!({}), ProviderError::Rejected),
        (
            "429 Too Many Requests",
            json!({"error": {"type": "insufficient_quota"}}),
            ProviderError::RateLimited,
        ),
        ("400 Bad Request", json!({"error": {"code": "context_length_exceeded"}}), too_long(None)),
        ("400 Bad Request", json!({"error": {"message": openai, "code": null}}), too_long(Some(4096))),
        ("400 Bad Request", json!({"object": "error", "message": openai, "code": 400}), too_long(Some(4096))),
        (
            "400 Bad Request",
            json!({"error": {"code": 400, "message": "request (4505 tokens) exceeds the available context size (256 tokens)",
                "type": "exceed_context_size_error", "n_prompt_tokens": 4505, "n_ctx": 256}}),
            too_long(Some(256)),
        ),
    ];
    for (status, body, expected) in cases {
        let fake = FakeModel::start(vec![Reply::error(status, &body)]).await;
        let refused = model(&fake.base_url).open(prompt("hi")).await.unwrap_err();
        assert_eq!((refused, fake.requests()), (expected, 1), "{status} {body}");
    }
}

#[test]
fn clients_see_a_code_of_each_error() {
    let codes = [
        (ProviderError::Auth, "provider_auth"),
        (ProviderError::RateLimited, "provider_rate_limited"),
        (ProviderError::Unavailable, "provider_unavailable"),
        (ProviderError::NoStream, "provider_unavailable"),
        (ProviderError::Rejected, "provider_rejected"),
        (ProviderError::ContextTooLong { context_window: None }, "context_too_long"),
        (ProviderError::TimedOut, "timed_out"),
    ];
    for (error, code) in codes {
        assert_eq!(error.code(), code);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeModel::start(vec![Reply::stream(&[])]).await;
    let location = format!("location: {}/chat/completions\r\n", elsewhere.base_url);
    let redirected = events_of(Reply::with("307 Temporary Redirect", &location, "")).await;
    assert_eq!((redirected.1, elsewhere.requests()), (Some(ProviderError::Rejected), 0));
}

thread_local! {
    /// What this thread has logged: each test has one of its own.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that is logged while a question is asked, at the lowest level.
async fn logged(question: &str, reply: Reply) -> String {
    logged_with(None, question, reply).await
}

/// The same with a user's own key.
async fn logged_with(key: Option<&str>, question: &str, reply: Reply) -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(|| Log).init();
    });
    LOG.with_borrow_mut(Vec::clear);
    let fake = FakeModel::start(vec![reply]).await;
    let key = key.map(SecretString::from);
    drop(model(&fake.base_url).open_with_key(prompt(question), key).await);
    LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap())
}

#[tokio::test]
async fn what_a_provider_says_is_logged_on_a_short_line_without_the_key() {
    let said = format!("wrong key sk-secret-0123\nand {}", "more ".repeat(1_000));
    let log = logged("hi", Reply::error("401 Unauthorized", &json!({"error": {"message": said}}))).await;
    let line = log.lines().find(|line| line.contains("a provider failed")).unwrap();
    assert!(line.contains("wrong key [key]") && line.contains("provider_auth") && line.len() < 600, "{line}");
    assert!(!log.contains("sk-secret"), "{log}");
}

#[tokio::test]
async fn a_users_own_key_is_not_logged() {
    let refusal =
        json!({"error": {"message": "Incorrect key: usr-0123456789abcdef", "code": "usr-0123456789abcdef"}});
    let log =
        logged_with(Some("usr-0123456789abcdef"), "hi", Reply::error("401 Unauthorized", &refusal)).await;
    assert!(log.contains("Incorrect key: [key]") && !log.contains("usr-"), "{log}");
}

#[tokio::test]
async fn a_key_whose_middle_is_masked_is_not_logged_either() {
    for masked in ["sk-s******0123", "'sk-secr...'", "(...0123)"] {
        let error =
            json!({"error": {"message": format!("Incorrect key provided: {masked}. See the pages.")}});
        let log = logged("hi", Reply::error("401 Unauthorized", &error)).await;
        assert!(log.contains("[key] "), "{log}");
        assert!(log.contains("See the pages") && !log.contains("sk-s") && !log.contains("0123"), "{log}");
    }
}

#[tokio::test]
async fn what_a_provider_repeats_of_the_prompt_is_not_logged() {
    let question = "what is \"the password\" of\nnobody?";
    let bodies = [
        json!({"error": {"message": format!("cannot parse; messages = {}", json!([{"content": question}]))}}),
        json!({"detail": [{"msg": "Field required", "input": question}]}),
        json!({"unknown": question}),
        json!({"error": format!("refused: {question}")}),
    ];
    for body in bodies {
        let log = logged(question, Reply::error("400 Bad Request", &body)).await;
        assert!(log.contains("a provider failed") && !log.contains("password"), "{log}");
    }
}

#[tokio::test]
async fn what_a_provider_quotes_from_the_middle_or_of_a_short_prompt_is_not_logged() {
    let long = format!("{} the aerial-root password {}", "a ".repeat(900), "z ".repeat(900));
    for (question, quoted) in
        [(long.as_str(), "aerial-root\\n password"), ("fig9", "fig9"), ("日本語です", "日本語です")]
    {
        let error = json!({"error": {"message": format!("cannot parse {quoted} at 7")}});
        let log = logged(question, Reply::error("400 Bad Request", &error)).await;
        assert!(log.contains("cannot") && !log.contains(quoted) && !log.contains("password"), "{log}");
    }
}

#[tokio::test]
async fn of_an_error_within_a_stream_only_codes_are_logged() {
    let error = json!({"error": {"message": "cannot parse the secret", "type": "server_error", "code": "a secret code"}});
    let log = logged("hi", Reply::stream(&[error])).await;
    assert!(log.contains("server_error") && !log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_key_is_in_no_debug_output() {
    let model = model("http://127.0.0.1:9/v1");
    assert!(!format!("{model:?}").contains("sk-secret"));
    let generation = crate::support::echo().open(prompt("a secret")).await.unwrap();
    assert!(!format!("{generation:?} {:?}", prompt("a secret")).contains("secret"));
    assert!(client().is_ok());
}
