//! Load on a running Banyan, for the scripts `deploy/faults`, `deploy/overload`, `deploy/replicas`, `deploy/bench/routes` and
//! `deploy/bench/answers`.
//!
//! Each command prints its figures, and exits with 1 if one of them misses its aim.

mod answers;
mod api_client;
mod bodies;
mod capacity;
mod closed_loop;
mod connection;
mod failure;
mod figures;
mod footprint;
mod generator;
mod idle;
mod json;
mod logins;
mod memory;
mod model_server;
mod overload;
mod pages;
mod probe;
mod process;
mod readers;
mod replicas;
mod response_counts;
mod routes;
mod schedule;
mod sse;
mod steady;
mod traffic;
mod uploads;
mod upstream;

use clap::{Parser, Subcommand};
use failure::Failure;
use shared_web::server::raise_descriptor_limit;
use std::process::ExitCode;
use tokio::task::LocalSet;

#[derive(Debug, Parser)]
#[command(version, about = "Load on a running Banyan")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads and appends at a steady rate, and then checks that no message was lost or stored twice.
    Steady(steady::Options),
    /// Measures the capacity, and offers a multiple of it.
    Overload(overload::Options),
    /// Reads beside idle connections and connections with slow request heads.
    Idle(idle::Options),
    /// Sends many large bodies at once, and measures the memory of the proxy.
    Uploads(uploads::Options),
    /// Reads while many users log in.
    Logins(logins::Options),
    /// Sends many large bodies without their ends, and measures the memory of the programs.
    Bodies(bodies::Options),
    /// Reads many large pages at once, and measures the memory of the programs.
    Pages(pages::Options),
    /// Requests many large pages and reads none, and measures the memory of the programs.
    Readers(readers::Options),
    /// Reads while large JSON objects with unknown members are sent.
    Json(json::Options),
    /// Measures the cost of each route, at 1 and at 32 clients.
    Routes(routes::Options),
    /// Measures answers of models.
    Answers(answers::Options),
    /// Is a stand-in for a model server.
    ModelServer(model_server::Options),
    /// Follows answers of several replicas.
    Replicas(replicas::Options),
    /// Is a stand-in for a service of fixed capacity.
    Upstream(upstream::Options),
}

/// The load runs on one thread, which leaves most of a small machine to the programs under load.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    raise_descriptor_limit().map_err(|error| Failure::new(format!("too few descriptors: {error}")))?;
    let has_passed = LocalSet::new()
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
                Command::Routes(options) => routes::run(&options).await,
                Command::Answers(options) => answers::run(&options).await,
                Command::ModelServer(options) => model_server::run(&options).await,
                Command::Replicas(options) => replicas::run(&options).await,
                Command::Upstream(options) => upstream::run(&options).await,
            }
        })
        .await?;
    Ok(if has_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
