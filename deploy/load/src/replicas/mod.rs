//! Answers on several replicas: many readers, stops, and faults.

mod faults;
mod reader;
mod readers;
mod replica_set;
mod stops;

use crate::failure::Failure;
use clap::{Args, Subcommand};
use replica_set::Addresses;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    addresses: Addresses,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follows one answer with many readers at all replicas, some of whom resume now and then.
    Readers(readers::Options),
    /// Stops answers at each replica.
    Stops(stops::Options),
    /// Follows answers of all replicas while something happens to one of them, or to the database.
    Faults(faults::Options),
}

/// Runs the load. Returns whether each aim is reached.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let replicas = options.addresses.connect().await?;
    match &options.command {
        Command::Readers(options) => readers::run(options, &replicas).await,
        Command::Stops(options) => stops::run(options, &replicas).await,
        Command::Faults(options) => faults::run(options, &replicas).await,
    }
}
