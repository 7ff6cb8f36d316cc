//! Providers differ more than their common name says: none of these is a failure.

use crate::fake_model::Reply;
use crate::provider_cases::{Case, WORDS, check, delta, finished, raw, words_and};
use serde_json::{Value, json};

#[tokio::test]
async fn quirks_of_providers_are_no_failures() {
    let stop = || finished(&json!("stop"));
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}});
    let none = |reason: Value| {
        let mut events = words_and([stop()]);
        events[0]["choices"][0]["finish_reason"] = reason;
        Case::completed(vec![Reply::stream(&events)])
    };
    let parts = WORDS.map(|word| json!({"type": "text", "text": word}));
    let first = json!({"choices": [{"delta": {"role": "assistant", "content": null}}]});
    let message = json!({"role": "assistant", "content": WORDS.concat()});
    let unstreamed = json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let comments = raw(&words_and([stop()])).replace("data:", ": ping\n\nevent: message\ndata:");
    let cases = vec![
        none(json!("")),
        none(json!("null")),
        // Never sent.
        Case::completed(vec![Reply::stream(&words_and([]))]),
        Case::completed(vec![Reply::stream(&words_and([finished(&json!("null"))]))]),
        // No [DONE].
        Case::completed(vec![Reply::raw_stream(&raw(&words_and([stop()])))]),
        Case::completed(vec![Reply::open_stream(&words_and([stop(), usage.clone()]))]),
        Case::completed(vec![Reply::stream(&[[first].as_slice(), &words_and([stop()])].concat())]),
        Case::completed(vec![Reply::stream(&[delta(&json!(parts)), stop()])]),
        Case::completed(vec![Reply::stream(&words_and([stop(), usage]))]),
        Case::completed(vec![Reply::stream(&words_and([
            json!({"object": "keep-alive", "error": null}),
            stop(),
        ]))]),
        Case::completed(vec![Reply::raw_stream(&format!("{comments}data: [DONE]\n\n"))]),
        Case::completed(vec![Reply::raw_stream(&raw(&words_and([stop()])).replace('\n', "\r\n"))]),
        Case::completed(vec![Reply::with(
            "200 OK",
            "content-type: application/json\r\n",
            &unstreamed.to_string(),
        )]),
    ];
    check(cases).await;
}
