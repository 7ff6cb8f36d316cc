//! `cargo run`: the whole of Banyan in one process.

use clap::Parser as _;
use shared::env::{Env, Purpose};
use shared::error::StartError;
use shared_web::program;
use shared_web::program::Exit;
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

fn main() -> Result<ExitCode, StartError> {
    program::block_on(run(Options::parse(), Env::of_process()))
}

async fn run(mut options: Options, env: Env) -> Result<Exit, StartError> {
    match options.task.take() {
        None => return serve(options, env).await,
        Some(Task::Check(how)) => {
            return Ok(Exit::Graceful(check::check(&options, &env).await.print(how.json)));
        }
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
    Ok(Exit::Graceful(ExitCode::SUCCESS))
}

async fn serve(options: Options, env: Env) -> Result<Exit, StartError> {
    let format = telemetry::init(&env, LogFormat::Pretty)?;
    program::until_second_signal(|stop| async move {
        let config = StackConfig::from_env(&options, &env, Purpose::Serve)?;
        let (data, has_ui) = (location(&config.databases, &options.data_dir), config.has_ui);
        let Some(stack) = program::unless_stopped(&stop, Box::pin(Stack::build(config))).await? else {
            return Ok(Exit::Immediate(ExitCode::SUCCESS));
        };
        welcome(format, stack.address(), has_ui, &data);
        stack.run_until_stopped(stop).await?;
        Ok(Exit::Graceful(ExitCode::SUCCESS))
    })
    .await
}
