//! The command line of the program `gateway`.

use crate::config::{Config, DESCRIPTOR_USE, LISTEN_ADDR};
use crate::startup;
use clap::Parser;
use shared::check::{Report, check_own_clock};
use shared::clock::Clock;
use shared::env::{Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared_web::check::{Peer, check_descriptors, check_peer};
use shared_web::server;
use shared_web::server::Command;
use shared_web::telemetry;
use shared_web::telemetry::LogFormat;
use std::process::ExitCode;

/// The gateway of Banyan: checks tokens, limits, passes requests on to the services. Without a command it serves
#[derive(Debug, Parser)]
#[command(
    name = "gateway",
    version,
    after_help = "Its settings are environment variables: gateway/README.md lists them."
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

/// Runs a command; without one, serves.
pub async fn run(options: Options, env: &Env) -> Result<ExitCode, StartError> {
    match options.command {
        None => {
            telemetry::init(env, LogFormat::Json)?;
            let config = Config::from_env(env, Purpose::Serve)?;
            server::run(async { startup::build(config) }).await?;
        }
        Some(Command::HealthCheck) => server::health_check(env, LISTEN_ADDR).await?,
        Some(Command::Check(options)) => return Ok(check(env).await.print(options.json)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(env: &Env) -> Report {
    let mut report = Report::default();
    check_own_clock(&mut report, Clock::system().now());
    check_descriptors(&mut report, DESCRIPTOR_USE);
    let read = telemetry::check_env(env).and_then(|()| Config::from_env(env, Purpose::Check));
    let Some(config) = report.configuration(read) else { return report };
    let upstreams = config.upstreams;
    for (called, variable, base) in [
        (Service::Auth, "AUTH_URL", &upstreams.auth),
        (Service::Chat, "CHAT_URL", &upstreams.chat),
        (Service::Branch, "BRANCH_URL", &upstreams.branch),
    ] {
        let peer = Peer { caller: Service::Gateway, called, variable, base };
        check_peer(&mut report, peer, &config.server.keys).await;
    }
    report
}
