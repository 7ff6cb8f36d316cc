//! Queries: plain functions over a [`Store`](shared_store::Store). An absent row is `None`, not an error.

mod accounts;
mod chat_states;
mod chunks;
mod claim;
mod database_time;
mod flush;
mod insert;
mod limits;
mod provider_key;
mod provider_keys;
mod prune;
mod read;
mod reap;
mod run;
pub(crate) mod schema;
mod settle;
mod stop;
mod sweep;
mod text;

pub use accounts::delete_account;
pub use chat_states::{ChatState, set_chat_state};
pub use chunks::{RunProgress, chunks_after, new_chunks, progress_of};
pub use claim::{claim, waiting_runs};
pub use flush::{Flush, FlushResult, Seal, charge, confirm_flush, flush};
pub use insert::{insert_run, replay};
pub use limits::UserLimits;
pub use provider_key::ProviderKey;
pub use provider_keys::{
    delete_provider_key, find_provider_key, provider_key_hints, provider_keys_under, replace_provider_key,
    set_provider_key,
};
pub use prune::{KeptRun, kept_runs, prune};
pub use read::{find_run, live_runs, own_run, run_counts};
pub use reap::{end_expired_run, expired_runs, requeue_expired_runs};
pub use run::{InitialProgress, NewRun, Run};
pub(crate) use settle::RUNS_PER_POLL as RUNS_PER_STORE_POLL;
pub use settle::{drop_run, renew, runs_to_store, store_run};
pub use stop::{OwnRun, count_stream, own_runs, stop, stop_without_streams};
pub use sweep::sweep;
pub use text::{output_items, text_of};

use shared_store::Migrations;

/// The tables of this service.
pub fn migrations() -> Migrations {
    shared_store::embed_store_migrations!()
}
