//! The branch service as a process of its own.

use branch::config::{Config, LISTEN_ADDR};
use branch::startup;
use shared::config::Env;
use shared::server::{self, Command, StartError};
use shared::telemetry::{self, LogFormat};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let env = Env::of_process();
    if Command::of_process()? == Command::HealthCheck {
        return server::health_check(&env, LISTEN_ADDR).await;
    }
    telemetry::init(&env, LogFormat::Json)?;
    let config = Config::from_env(&env)?;
    server::run(Box::pin(startup::build(config))).await
}
