//! The command `check`: reports on all that a service needs, and changes nothing.

use super::service_program::ServiceProgram;
use crate::check::{check_descriptors, check_peer};
use crate::telemetry;
use shared::check::{Report, check_own_clock};
use shared::clock::Clock;
use shared::env::{Env, Purpose};

/// Reports on clock, file descriptors, variables, database and called services.
pub(super) async fn check<P: ServiceProgram>(env: &Env) -> Report {
    let mut report = Report::default();
    check_own_clock(&mut report, Clock::system().now());
    if let Some(descriptor_use) = P::descriptor_use(env) {
        check_descriptors(&mut report, descriptor_use);
    }
    let read = telemetry::check_env(env).and_then(|()| P::config(env, Purpose::Check));
    let config = report.configuration(read);
    P::check_database(&mut report, env).await;
    if let Some(config) = config {
        for peer in P::peers(&config) {
            check_peer(&mut report, peer, &P::server(&config).keys).await;
        }
    }
    report
}
