//! Load on a running Banyan, for the scripts of `deploy/faults` and `deploy/overload`.
//!
//! Each command prints what it saw, and exits with 1 if that is not as it should be.

mod bodies;
mod capacity;
mod connection;
mod figures;
mod generator;
mod idle;
mod json;
mod logins;
mod memory;
mod overload;
mod pages;
mod probe;
mod process;
mod readers;
mod response_counts;
mod schedule;
mod steady;
mod traffic;
mod uploads;
mod upstream;

use clap::{Parser, Subcommand};
use shared_web::server::raise_descriptor_limit;
use std::process::ExitCode;
use tokio::task::LocalSet;
use traffic::Failure;

#[derive(Debug, Parser)]
#[command(version, about = "Load on a running Banyan")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads and appends at a steady rate, and looks afterwards whether a message was lost or made twice.
    Steady(steady::Options),
    /// Finds what can be had, and asks for several times as much.
    Overload(overload::Options),
    /// Reads beside connections that are idle, and others whose heads come slowly.
    Idle(idle::Options),
    /// Sends many large bodies at once, and looks at the memory of the process that passes them on.
    Uploads(uploads::Options),
    /// Reads while many users log in.
    Logins(logins::Options),
    /// Leaves many large bodies unfinished, and looks at the memory of the programs.
    Bodies(bodies::Options),
    /// Reads many large pages at once, and looks at the memory of the programs.
    Pages(pages::Options),
    /// Asks for many large pages and takes none, and looks at the memory of the programs.
    Readers(readers::Options),
    /// Reads while large objects of unknown members come without a token.
    Json(json::Options),
    /// Plays a service that can do so much and no more.
    Upstream(upstream::Options),
}

/// One thread for all, so that most of a small machine is left to what is under load.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    raise_descriptor_limit().map_err(|error| Failure::new(format!("too few descriptors: {error}")))?;
    let is_well = LocalSet::new()
        .run_until(async {
            match Options::parse().command {
                Command::Steady(options) => steady::run(&options).await,
                Command::Overload(options) => overload::run(&options).await,
                Command::Idle(options) => idle::run(&options).await,
                Command::Uploads(options) => uploads::run(&options).await,
                Command::Logins(options) => logins::run(&options).await,
                Command::Bodies(options) => bodies::run(&options).await,
                Command::Pages(options) => pages::run(&options).await,
                Command::Readers(options) => readers::run(&options).await,
                Command::Json(options) => json::run(&options).await,
                Command::Upstream(options) => upstream::run(&options).await,
            }
        })
        .await?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
