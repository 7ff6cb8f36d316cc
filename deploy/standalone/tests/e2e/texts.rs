//! Text comes back as it was sent, or is refused.

use crate::app::spawn_stack;
use reqwest::Method;
use serde_json::json;

const UNUSUAL: [&str; 7] = [
    "  leading and trailing  ",
    "🌳👩‍👩‍👧‍👦 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "e\u{301} is not é",
    "line\nbreaks\r\nand\ttabs",
    "'; DROP TABLE messages; --",
    "\u{feff}\u{200b}\u{202e}\u{ffff}",
    "\u{1}\u{1f}\"\\/",
];

#[tokio::test]
async fn unusual_text_is_stored_unchanged_in_every_field() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    for text in UNUSUAL {
        let chat = ann.post("/chats/create-chat", &json!({"name": text})).await.expect(201).json();
        let chat = chat["chat_id"].as_str().unwrap().to_owned();
        assert_eq!(ann.get(&format!("/chats/get-chat/{chat}")).await.json()["name"], text);
        let body = json!({"chat_id": chat, "question": text, "response": text, "metadata": {text: [text]}});
        let message = ann.post("/messages/add-message", &body).await.expect(201).json();
        let read = ann.line(&format!("chat_id={chat}")).await;
        assert_eq!(read, std::slice::from_ref(&message));
        assert_eq!((&read[0]["question"], &read[0]["metadata"]), (&json!(text), &json!({text: [text]})));
        let body = json!({
            "original_chat_id": chat, "branch_from_response_id": message["response_id"], "name": text
        });
        let branch = ann.post("/branches/create-branch", &body).await.expect(201).json();
        assert_eq!(branch["name"], text);
        let record =
            ann.post("/conversations/", &json!({"chat_id": chat, "name": text})).await.expect(201).json();
        assert_eq!(record["name"], text);
    }
}

#[tokio::test]
async fn metadata_is_returned_as_it_was_sent() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let metadata = [
        r#"{"$set":{"a.b":1},"":{"$":"."},"z":1,"a":2}"#.to_owned(),
        r#"{"big":123456789012345678901234567890,"e":1e400,"f":1.10,"neg":-0,"one":1.0}"#.to_owned(),
        format!(r#"{{"deep":{deep}}}"#),
        "{}".to_owned(),
    ];
    for metadata in metadata {
        let body = format!(r#"{{"chat_id":"{chat}","question":"q","response":"r","metadata":{metadata}}}"#);
        let sent =
            ann.client.send(Method::POST, "/api/v1/messages/add-message", Some(body)).await.expect(201);
        assert!(sent.text.contains(&metadata), "{}", sent.text);
        let page = ann.get(&format!("/messages/get-messages?chat_id={chat}&limit=1")).await.expect(200);
        assert!(page.text.contains(&metadata), "{}", page.text);
    }
    let sent = ann.say(&chat, "none").await;
    assert_eq!(sent["metadata"], json!({}));
}

#[tokio::test]
async fn a_form_is_as_strict_as_json() {
    let stack = spawn_stack().await;
    let password = "\u{fffd}".repeat(8);
    let body = json!({"username": "ann", "password": password});
    stack.client.post("/api/v1/auth/register", &body).await.expect(201);
    let form = stack.client.with_header("content-type", "application/x-www-form-urlencoded");
    let log_in = async |password: &str| {
        let body = format!("username=ann&password={password}");
        form.send(Method::POST, "/api/v1/auth/login", Some(body)).await
    };
    log_in(&"%EF%BF%BD".repeat(8)).await.expect(200);
    for bad in ["%FF".repeat(8), "%ED%A0%80aaaaaaa".to_owned(), "%00aaaaaaa".to_owned()] {
        assert!(log_in(&bad).await.expect(422).field_errors()[0].ends_with("body.password"), "{bad}");
    }
}

#[tokio::test]
async fn nul_and_lone_surrogates_are_a_422_with_their_field() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let bad = [r#""a\u0000b""#, r#""a\ud83cb""#, r#""\udf33""#];
    let cases = |bad: &str| {
        let message = |field: &str| {
            let fields = [("question", r#""q""#), ("response", r#""r""#), ("metadata", "{}")];
            let fields = fields.map(|(name, good)| {
                let value = match name {
                    _ if name != field => good.to_owned(),
                    "metadata" => format!(r#"{{"k":[{{"v":{bad}}}]}}"#),
                    _ => bad.to_owned(),
                };
                format!(r#""{name}":{value}"#)
            });
            format!(r#"{{"chat_id":"{chat}",{}}}"#, fields.join(","))
        };
        let fork = format!(r#"{{"original_chat_id":"{chat}","branch_from_response_id":null,"name":{bad}}}"#);
        [
            ("/auth/register", "username", format!(r#"{{"username":{bad},"password":"12345678"}}"#)),
            ("/auth/login", "password", format!(r#"{{"username":"ann","password":{bad}}}"#)),
            ("/chats/create-chat", "name", format!(r#"{{"name":{bad}}}"#)),
            ("/conversations/", "name", format!(r#"{{"chat_id":"{chat}","name":{bad}}}"#)),
            ("/conversations/", "account_id", format!(r#"{{"chat_id":"{chat}","account_id":{bad}}}"#)),
            ("/messages/add-message", "question", message("question")),
            ("/messages/add-message", "response", message("response")),
            ("/messages/add-message", "metadata", message("metadata")),
            ("/messages/add-message", "metadata", message("metadata").replace(r#""k""#, bad)),
            ("/branches/create-branch", "name", fork),
        ]
    };
    for (path, field, body) in bad.iter().flat_map(|bad| cases(bad)) {
        let path = format!("/api/v1{path}");
        let answer = ann.client.send(Method::POST, &path, Some(body.clone())).await.expect(422);
        let errors = answer.field_errors();
        assert!(errors.len() == 1 && errors[0].ends_with(&format!(" body.{field}")), "{body}: {errors:?}");
    }
    // In a field that is not described they are as good as anything.
    let body = r#"{"name":"ok","unknown":"\u0000\ud83c","\ud83c":"\u0000"}"#.to_owned();
    ann.client.send(Method::POST, "/api/v1/chats/create-chat", Some(body)).await.expect(201);
}
