//! `cargo run`: the whole of Banyan in one process.

use clap::Parser as _;
use shared::config::Env;
use shared::server::{self, StartError};
use shared::telemetry::{self, LogFormat};
use standalone::compact::compact_data_dir;
use standalone::config::{Options, Task};
use standalone::stack::{Stack, StackConfig};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let options = Options::parse();
    let env = Env::of_process();
    telemetry::init(&env, LogFormat::Pretty)?;
    if let Some(Task::Compact) = options.task {
        for line in compact_data_dir(&options.data_dir)? {
            println!("{line}");
        }
        return Ok(());
    }
    let stop = server::stop_on_signal()?;
    let config = StackConfig::from_env(&options, &env)?;
    let stack = server::unless_stopped(&stop, Box::pin(Stack::build(config))).await?;
    println!("Banyan listens on http://{0}, its API is described on http://{0}/docs", stack.address());
    stack.run_until_stopped(stop).await
}
