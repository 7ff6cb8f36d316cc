//! The chat service as a process of its own.

use chat::cli::{self, Options};
use clap::Parser as _;
use shared::env::Env;
use shared::error::StartError;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<ExitCode, StartError> {
    cli::run(Options::parse(), &Env::of_process()).await
}
