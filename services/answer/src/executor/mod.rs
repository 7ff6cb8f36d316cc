//! The execution of runs: this replica claims them, asks their models, flushes what they say, seals and stores it, and looks after the
//! runs of replicas that are gone.

mod claiming;
mod context;
mod deleted_answers;
mod own_runs;
mod owner;
mod producer;
mod recovery;
mod replica;
mod retry;
mod settle;
mod transcript;
mod user_keys;

pub use context::{PromptRequest, build_context};
pub use replica::{Executor, ExecutorParts};
