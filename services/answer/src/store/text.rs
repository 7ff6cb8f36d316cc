//! What a message keeps of chunks.

use crate::domain::{Chunk, ChunkKind};
use serde_json::{Value, json};

/// The response.
pub fn text_of<'c>(chunks: impl IntoIterator<Item = &'c Chunk>) -> String {
    let texts = chunks.into_iter().filter(|chunk| chunk.kind == ChunkKind::Delta);
    texts.map(|chunk| chunk.data.as_str()).collect()
}

/// The items of the response, as JSON: the model's turn with its tool calls, where it has made some. Its text is the response, and not
/// repeated: with escapes it may be longer than items may be.
pub fn output_items<'c>(chunks: impl IntoIterator<Item = &'c Chunk>) -> Option<String> {
    let calls = chunks.into_iter().filter(|chunk| chunk.kind == ChunkKind::ToolCall);
    let calls: Vec<Value> = calls.filter_map(|chunk| serde_json::from_str(&chunk.data).ok()).collect();
    if calls.is_empty() {
        return None;
    }
    Some(json!([{"role": "assistant", "content": null, "tool_calls": calls}]).to_string())
}
