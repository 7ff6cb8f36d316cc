//! Pieces of what a model says.

use shared::ids::ResponseId;

shared_store::text_enum! {
    /// The kind of a chunk, which is also the name of its event.
    pub enum ChunkKind {
        /// Text of the response.
        Delta = "delta",
        /// Text of the reasoning before it.
        Reasoning = "reasoning",
        /// A tool call, as JSON.
        ToolCall = "tool_call",
        /// The usage of tokens, as JSON.
        Usage = "usage",
    }
}

/// A piece of what a model says.
#[derive(Clone, PartialEq, Eq, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = crate::store::schema::chunks)]
pub struct Chunk {
    /// The run.
    pub response_id: ResponseId,
    /// Its number, counted from 1 without gaps.
    pub seq: i64,
    /// Its kind.
    pub kind: ChunkKind,
    /// A text, or JSON.
    pub data: String,
}

debug_without_texts! { Chunk { response_id, seq, kind } }
