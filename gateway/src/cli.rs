//! The command line of the program `gateway`.

use crate::config::{Config, DESCRIPTOR_USE, LISTEN_ADDR};
use crate::startup;
use shared::check::Report;
use shared::env::{ConfigError, Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared_web::check::Peer;
use shared_web::program::ServiceProgram;
use shared_web::server::{Application, DescriptorUse, ServerConfig};
use std::convert::Infallible;

/// The program `gateway`.
pub struct Program;

impl ServiceProgram for Program {
    const SERVICE: Service = Service::Gateway;
    const ABOUT: &'static str = "The gateway of Banyan: checks tokens, limits, passes requests on to the services. Without a command it serves";
    const LISTEN_ADDR: &'static str = LISTEN_ADDR;
    const README: &'static str = include_str!("../README.md");
    type Command = Infallible;
    type Config = Config;

    fn config(env: &Env, purpose: Purpose) -> Result<Config, ConfigError> {
        Config::from_env(env, purpose)
    }

    fn server(config: &Config) -> &ServerConfig {
        &config.server
    }

    async fn build(config: Config) -> Result<Application, StartError> {
        startup::build(config)
    }

    async fn run(command: Infallible, _: &Env) -> Result<(), StartError> {
        match command {}
    }

    fn descriptor_use(_: &Env) -> Option<DescriptorUse> {
        Some(DESCRIPTOR_USE)
    }

    async fn check_database(_: &mut Report, _: &Env) {}

    fn peers(config: &Config) -> Vec<Peer<'_>> {
        let (caller, urls) = (Service::Gateway, &config.upstreams);
        let mut peers = vec![
            Peer { caller, called: Service::Auth, variable: "AUTH_URL", base: &urls.auth },
            Peer { caller, called: Service::Chat, variable: "CHAT_URL", base: &urls.chat },
            Peer { caller, called: Service::Branch, variable: "BRANCH_URL", base: &urls.branch },
        ];
        let variable = "ANSWER_URL";
        peers.extend(urls.answer.as_ref().map(|base| Peer {
            caller,
            called: Service::Answer,
            variable,
            base,
        }));
        peers
    }
}
