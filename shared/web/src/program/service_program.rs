//! What differs between the programs of the services.

use crate::check::Peer;
use crate::server::{Application, DescriptorUse, ServerConfig};
use clap::Subcommand;
use shared::check::Report;
use shared::env::{ConfigError, Env, Purpose};
use shared::error::StartError;
use shared::service::Service;

/// The program of a service, which [`run`](super::run) runs.
pub trait ServiceProgram {
    /// The service, by whose name the program is called.
    const SERVICE: Service;
    /// The first line of `--help`.
    const ABOUT: &'static str;
    /// The default of `LISTEN_ADDR`.
    const LISTEN_ADDR: &'static str;
    /// The README, which documents the variables.
    const README: &'static str;
    /// The commands that no other service has; [`Infallible`](std::convert::Infallible) is none.
    type Command: Subcommand;
    /// The configuration.
    type Config;

    /// Reads the configuration.
    fn config(env: &Env, purpose: Purpose) -> Result<Self::Config, ConfigError>;

    /// The part of the configuration that every server has.
    fn server(config: &Self::Config) -> &ServerConfig;

    /// Builds the service.
    fn build(config: Self::Config) -> impl Future<Output = Result<Application, StartError>> + Send + 'static;

    /// Runs one of its own commands.
    fn run(command: Self::Command, env: &Env) -> impl Future<Output = Result<(), StartError>>;

    /// The file descriptors that it needs; `None` if the variables do not name a database.
    fn descriptor_use(env: &Env) -> Option<DescriptorUse>;

    /// Reports on its database, if the variables name one.
    fn check_database(report: &mut Report, env: &Env) -> impl Future<Output = ()>;

    /// The services that it calls.
    fn peers(config: &Self::Config) -> Vec<Peer<'_>>;
}
