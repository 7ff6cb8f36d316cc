//! The check of the limit of file descriptors.

use crate::server::DescriptorUse;
use shared::check::Report;

/// Checks that the limit of file descriptors suffices.
pub fn check_descriptors(report: &mut Report, descriptor_use: DescriptorUse) {
    match descriptor_use.connections_at_hard_limit() {
        Ok(connections) => {
            report.ok("descriptors", format!("are enough for {connections} connections at once"));
        }
        Err(error) => report.error(
            "descriptors",
            error.to_string(),
            "raise the hard limit: `LimitNOFILE=` of systemd, `ulimits: {nofile: ...}` of compose, `ulimit -Hn` of a shell",
        ),
    }
}
