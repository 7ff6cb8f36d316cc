//! Items of a message as messages of Chat Completions. They are accepted as such messages, as items of Responses
//! (`function_call`, `function_call_output`, `message`), as bare tool calls, and as bare parts of a content (`input_image`).

use crate::domain::image_url;
use serde_json::{Map, Value, json};

/// The messages that stand for a question with its items: results of tools first, then the question with its images. Results are left
/// out whose calls are neither among `called` nor among the items: providers refuse them.
pub(super) fn of_question(question: &str, items: &Value, called: &[String]) -> Vec<Value> {
    let (mut messages, mut parts) = (Vec::new(), Vec::new());
    let own = calls(Some(items));
    for item in list(items) {
        if result(item).is_some_and(|id| !called.iter().chain(&own).any(|call| call == id)) {
            continue;
        }
        match text(item, "type") {
            Some("function_call_output") => messages.push(json!({
                "role": "tool",
                "tool_call_id": item.get("call_id"),
                "content": output(item.get("output")),
            })),
            _ if item.get("role").is_some() => messages.push(message(item)),
            Some(_) => parts.extend(part(item)),
            None => {}
        }
    }
    let question = Some(question).filter(|text| !text.is_empty());
    if !parts.is_empty() {
        let text = question.map(|text| json!({"type": "text", "text": text}));
        let content: Vec<Value> = text.into_iter().chain(parts).collect();
        messages.push(json!({"role": "user", "content": content}));
    } else if let Some(question) = question {
        messages.push(json!({"role": "user", "content": question}));
    }
    messages
}

/// The message that stands for a response with its items. Calls without a result are left out: providers refuse them. `None` if
/// nothing is left.
pub(super) fn of_response(response: &str, items: &Value, results: &[&str]) -> Option<Value> {
    let calls = list(items).iter().flat_map(calls_of);
    let calls: Vec<Value> =
        calls.filter(|call| text(call, "id").is_some_and(|id| results.contains(&id))).collect();
    let written = list(items).iter().filter(|item| text(item, "role") == Some("assistant"));
    let written = written.filter_map(|item| message(item).get("content").cloned());
    let content = match response {
        "" => written.rev().find(|content| !content.is_null()),
        response => Some(Value::from(response)),
    };
    match (content, calls.is_empty()) {
        (None, true) => None,
        (content, true) => Some(json!({"role": "assistant", "content": content})),
        (content, false) => Some(json!({"role": "assistant", "content": content, "tool_calls": calls})),
    }
}

/// The ids of the calls whose results are among the items of a question.
pub(super) fn results(items: Option<&Value>) -> Vec<&str> {
    items.map_or(&[][..], list).iter().filter_map(result).collect()
}

/// The ids of the calls among items.
pub(super) fn calls(items: Option<&Value>) -> Vec<String> {
    let calls = items.map_or(&[][..], list).iter().flat_map(calls_of);
    calls.filter_map(|call| text(&call, "id").map(str::to_owned)).collect()
}

/// The id of the call whose result an item is.
fn result(item: &Value) -> Option<&str> {
    text(item, "tool_call_id")
        .or_else(|| text(item, "call_id").filter(|_| text(item, "type") == Some("function_call_output")))
}

fn list(items: &Value) -> &[Value] {
    match items {
        Value::Array(items) => items,
        Value::Null => &[],
        item => std::slice::from_ref(item),
    }
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name)?.as_str()
}

/// The tool calls of an item, as Chat Completions has them.
fn calls_of(item: &Value) -> Vec<Value> {
    if text(item, "type") == Some("function_call") {
        let function = json!({"name": item.get("name"), "arguments": output(item.get("arguments"))});
        return vec![json!({"id": item.get("call_id"), "type": "function", "function": function})];
    }
    match item.get("tool_calls") {
        Some(Value::Array(calls)) => calls.clone(),
        _ if item.get("function").is_some() => vec![item.clone()],
        _ => Vec::new(),
    }
}

/// The members of a message that are sent: some servers fetch what others name.
const MESSAGE_MEMBERS: [&str; 6] = ["role", "content", "name", "tool_calls", "tool_call_id", "refusal"];

/// A message with a role, with its content as Chat Completions has it, and without what only Responses knows.
fn message(item: &Value) -> Value {
    let Value::Object(fields) = item else { return item.clone() };
    let is_kept = |name: &str| MESSAGE_MEMBERS.contains(&name);
    let mut kept: Map<String, Value> = fields
        .iter()
        .filter(|(name, _)| is_kept(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    match kept.get_mut("content") {
        Some(Value::Array(parts)) => *parts = parts.iter().filter_map(part).collect(),
        Some(object @ Value::Object(_)) => *object = Value::Null,
        _ => {}
    }
    Value::Object(kept)
}

/// A part of a content, as Chat Completions has it. Only texts and images are sent, and images only from where models may fetch them:
/// what is unknown here may tell a server to fetch something.
fn part(part: &Value) -> Option<Value> {
    match text(part, "type")? {
        "text" | "input_text" | "output_text" => Some(json!({"type": "text", "text": text(part, "text")?})),
        "refusal" => Some(json!({"type": "refusal", "refusal": text(part, "refusal")?})),
        "image_url" | "input_image" => {
            let mut image = json!({"url": image_url(part)?});
            let detail = part.get("detail").or_else(|| part.get("image_url")?.get("detail"));
            if let (Some(detail @ Value::String(_)), Some(image)) = (detail, image.as_object_mut()) {
                image.insert("detail".to_owned(), detail.clone());
            }
            Some(json!({"type": "image_url", "image_url": image}))
        }
        _ => None,
    }
}

/// A result or arguments: a text as it is, anything else as JSON.
fn output(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}
