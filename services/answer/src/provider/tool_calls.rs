//! Tool calls, which come in pieces.

use super::fields::{array, count, text};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The tool calls of a response so far.
#[derive(Debug, Default)]
pub(super) struct ToolCalls(Vec<Call>);

#[derive(Debug)]
struct Call {
    index: i64,
    id: String,
    name: String,
    arguments: String,
}

impl ToolCalls {
    /// Takes the pieces of a delta, or the whole calls of a message.
    pub(super) fn extend(&mut self, delta: &Value) {
        for (position, piece) in (0..).zip(array(delta, "tool_calls")) {
            self.take(position, piece);
        }
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops calls whose arguments have broken off.
    pub(super) fn drop_broken(&mut self) {
        self.0.retain(|call| serde_json::from_str::<IgnoredAny>(&call.arguments).is_ok());
    }

    /// The calls, as a message's `tool_calls` has them.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Value> {
        std::mem::take(&mut self.0).into_iter().zip(0..).map(|(call, number)| {
            let id = if call.id.is_empty() { format!("call_{number}") } else { call.id };
            // No arguments are an empty object: later requests with an empty text are refused.
            let arguments = if call.arguments.is_empty() { "{}" } else { &call.arguments };
            json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
        })
    }

    fn take(&mut self, position: i64, piece: &Value) {
        let function = piece.get("function").unwrap_or(piece);
        let (id, name) = (text(piece, "id").unwrap_or_default(), text(function, "name").unwrap_or_default());
        let index = count(piece, &["index"]).unwrap_or(position);
        let call = self.call(index, id);
        if !id.is_empty() {
            id.clone_into(&mut call.id);
        }
        // Some servers repeat the name with each piece.
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        match function.get("arguments") {
            Some(Value::String(text)) => call.arguments.push_str(text),
            Some(whole @ Value::Object(_)) => call.arguments = whole.to_string(),
            _ => {}
        }
    }

    /// The call of this index. Another id under the same index is another call: not all servers count.
    fn call(&mut self, index: i64, id: &str) -> &mut Call {
        let is_same =
            |call: &Call| call.index == index && (id.is_empty() || call.id.is_empty() || call.id == id);
        let place = self.0.iter().rposition(is_same).unwrap_or(self.0.len());
        if place == self.0.len() {
            let (id, name, arguments) = (String::new(), String::new(), String::new());
            self.0.push(Call { index, id, name, arguments });
        }
        #[expect(clippy::indexing_slicing, reason = "the place is that of a call that is there")]
        &mut self.0[place]
    }
}
