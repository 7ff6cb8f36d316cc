//! Answers of models: what they cost beside the model alone, what many of them cost, and what they take from others.

mod asker;
mod context;
mod event_stream;
mod latency;
mod metrics_page;
mod readers;
mod stream_timing;
mod streams;
mod writes;

use crate::failure::Failure;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Measures the time to the first token and the throughput of one stream, beside those of the model server alone.
    Latency(latency::Options),
    /// Measures the time to the first token on lines of different lengths.
    Context(context::Options),
    /// Measures what the database has to write for many runs at once.
    Writes(writes::Options),
    /// Reads beside many open streams.
    Streams(streams::Options),
    /// Follows one run by many readers.
    Readers(readers::Options),
}

/// Runs a part. Returns whether each aim is reached.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    match &options.part {
        Part::Latency(options) => latency::run(options).await,
        Part::Context(options) => context::run(options).await,
        Part::Writes(options) => writes::run(options).await,
        Part::Streams(options) => streams::run(options).await,
        Part::Readers(options) => readers::run(options).await,
    }
}
