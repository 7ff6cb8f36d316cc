//! The branch service as a process of its own.

use branch::{config::Config, startup};
use shared::config::Env;
use shared::server::{self, StartError};
use shared::telemetry::{self, LogFormat};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let env = Env::of_process();
    telemetry::init(&env, LogFormat::Json)?;
    let config = Config::from_env(&env)?;
    let stop = server::stop_on_signal()?;
    startup::build(config).await?.run_until_stopped(stop).await
}
