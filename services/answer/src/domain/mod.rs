//! The terms of the service: rules without I/O.

mod api_key;
mod chunk;
mod finish;
mod items;
mod options;
mod parts;
mod run_state;
mod timing;

pub use api_key::ApiKey;
pub use chunk::{Chunk, ChunkKind};
pub use finish::{AnswerStatus, Failure, Finish};
pub use items::{InputItems, has_images, without_nul};
pub use options::{
    Instructions, MAX_QUESTION_BYTES, MaxOutputTokens, ModelName, OnDisconnect, OnRunning, Question,
    RawObject, StopSequences, Temperature, ToolChoice, ToolList, TopP, Truncation,
};
pub use parts::{are_supported, image_url, is_image};
pub use run_state::{Placement, RunState};
pub use timing::Timing;
