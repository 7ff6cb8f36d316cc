//! W3C Trace Context: a request continues the trace that it names, or begins one.

use crate::app::{authorization, only_request, spawn_deployment};
use crate::wire::status;

const PATH: &str = "/api/v1/chats/get-chat";
const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What a service was sent, of a request with these lines in its head.
async fn sent_on(lines: &str) -> (String, Option<String>) {
    let deployment = spawn_deployment().await;
    let mut wire = deployment.gateway.wire().await;
    wire.say(&format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n{}{lines}\r\n", authorization())).await;
    assert_eq!(status(&wire.head().await), 200);
    let request = only_request(&deployment.chat).await;
    let all = |name: &str| -> Vec<String> {
        request.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let (parents, states) = (all("traceparent"), all("tracestate"));
    assert_eq!(parents.len(), 1);
    assert!(states.len() < 2, "{states:?}");
    (parents[0].clone(), states.first().cloned())
}

#[tokio::test]
async fn a_valid_trace_is_continued() {
    let lines = format!("traceparent: {VALID}\r\ntracestate: a=b\r\ntracestate: c=d\r\n");
    assert_eq!(sent_on(&lines).await, (VALID.to_owned(), Some("a=b,c=d".to_owned())));
}

#[tokio::test]
async fn without_a_valid_trace_a_new_one_begins() {
    let other = VALID.replace("0af7", "0bf7");
    for lines in [
        String::new(),
        format!("traceparent: {VALID}-more\r\ntracestate: a=b\r\n"),
        format!("traceparent: {VALID}\r\ntraceparent: {other}\r\ntracestate: a=b\r\n"),
        "traceparent: none\r\ntracestate: a=b\r\n".to_owned(),
    ] {
        let (traceparent, tracestate) = sent_on(&lines).await;
        let parts: Vec<_> = traceparent.split('-').map(str::len).collect();
        assert_eq!(parts, [2, 32, 16, 2], "{traceparent}");
        assert!(!traceparent.contains("0af7651916cd43dd"), "{traceparent}");
        assert_eq!(tracestate, None);
    }
}
