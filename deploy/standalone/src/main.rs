//! `cargo run`: the whole of Banyan in one process.

use clap::Parser as _;
use shared::env::Env;
use shared::error::StartError;
use shared_web::server;
use shared_web::telemetry;
use shared_web::telemetry::LogFormat;
use standalone::compact::compact_data_dir;
use standalone::config::{Options, Task};
use standalone::stack::Stack;
use standalone::stack_config::StackConfig;
use standalone::welcome::{location, welcome};
use standalone::{check, users};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<ExitCode, StartError> {
    let mut options = Options::parse();
    let env = Env::of_process();
    match options.task.take() {
        None => serve(&options, &env).await?,
        Some(Task::Check(how)) => return Ok(check::check(&options, &env).await.print(how.json)),
        Some(Task::Compact) => {
            telemetry::init_for_command();
            for line in compact_data_dir(&options.data_dir)? {
                println!("{line}");
            }
        }
        Some(Task::User(command)) => {
            telemetry::init_for_command();
            users::run(command, &options, &env).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: &Options, env: &Env) -> Result<(), StartError> {
    let format = telemetry::init(env, LogFormat::Pretty)?;
    let stop = server::stop_on_signal()?;
    let config = StackConfig::from_env(options, env)?;
    let data = location(&config.databases, &options.data_dir);
    let stack = server::unless_stopped(&stop, Box::pin(Stack::build(config))).await?;
    welcome(format, stack.address(), &data);
    stack.run_until_stopped(stop).await
}
