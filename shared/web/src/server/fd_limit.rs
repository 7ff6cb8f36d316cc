//! The maximum of connections of a server, derived from the limit of file descriptors (`RLIMIT_NOFILE`).
//!
//! A process without a free descriptor can neither accept a connection nor open its database, and some libraries panic then. So
//! a server accepts fewer connections than there are descriptors; further clients wait in the listen backlog.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shared::error::StartError;
use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Descriptors of every program: its main runtime, standard streams, listening sockets, metrics, DNS look-ups.
const DESCRIPTORS_OF_A_PROCESS: u64 = 20;
/// Descriptors of each worker of a server: its runtime.
const DESCRIPTORS_PER_WORKER: u64 = 3;
/// The fewest connections with which a server starts.
const MIN_CONNECTIONS: u64 = 8;
/// The default of `actix-server`, too.
const MAX_CONNECTIONS_PER_WORKER: u64 = 25_000;

/// How many file descriptors a program needs.
#[derive(Debug, Clone, Copy)]
pub struct DescriptorUse {
    /// Descriptors of its databases.
    pub databases: u64,
    /// The number of its servers, each with a worker a core.
    pub servers: u64,
    /// Descriptors for each connection of a client: its own, and those to upstream services.
    pub per_connection: u64,
}

impl DescriptorUse {
    /// Raises the soft limit to the hard one, and returns the maximum of connections of each server.
    ///
    /// # Errors
    /// If the limit is too low.
    pub fn max_connections(self) -> Result<usize, StartError> {
        let limit = raise_descriptor_limit().map_err(|error| {
            StartError::Io("the limit of file descriptors cannot be raised".to_owned(), error)
        })?;
        self.connections_at(limit)
    }

    /// The maximum of connections at the hard limit. Nothing is raised.
    pub(crate) fn connections_at_hard_limit(self) -> Result<usize, StartError> {
        self.connections_at(getrlimit(Resource::Nofile).maximum)
    }

    fn connections_at(self, limit: Option<u64>) -> Result<usize, StartError> {
        let connections = self.connections_within(limit.unwrap_or(u64::MAX), workers());
        connections.map(|connections| usize::try_from(connections).unwrap_or(usize::MAX)).map_err(|least| {
            let limit = limit.unwrap_or_default();
            StartError::Setup(format!(
                "the limit of file descriptors (ulimit -n) is {limit}; expected at least {least}"
            ))
        })
    }

    /// The maximum of connections, or the lowest limit that suffices.
    fn connections_within(self, limit: u64, workers: u64) -> Result<u64, u64> {
        let reserved =
            DESCRIPTORS_OF_A_PROCESS + self.databases + self.servers * workers * DESCRIPTORS_PER_WORKER;
        let connections = limit.saturating_sub(reserved) / self.per_connection;
        if connections < MIN_CONNECTIONS {
            return Err(reserved + MIN_CONNECTIONS * self.per_connection);
        }
        Ok(connections.min(workers * MAX_CONNECTIONS_PER_WORKER))
    }
}

/// The workers of a server: one a core.
pub(super) fn workers() -> u64 {
    available_parallelism().map_or(2, NonZeroUsize::get).try_into().unwrap_or(u64::MAX)
}

/// Raises the soft limit of descriptors to the hard one, and returns it; `None` is no limit. The soft limit is often 1024, for
/// programs that use `select`.
pub fn raise_descriptor_limit() -> io::Result<Option<u64>> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum)
}

/// Whether the error is that the process, or the machine, has no descriptor left (`EMFILE`, `ENFILE`).
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        raise_descriptor_limit().unwrap();
        let limits = getrlimit(Resource::Nofile);
        assert_eq!(limits.current, limits.maximum);
    }

    #[test]
    fn max_connections_are_derived_from_the_limit_less_a_reserve() {
        let service = DescriptorUse { databases: 16, servers: 1, per_connection: 2 };
        // 20 of the process, 16 of the database, 6 of two workers: 42.
        assert_eq!(service.connections_within(64, 2), Ok(11));
        assert_eq!(service.connections_within(58, 2), Ok(8));
        assert_eq!(service.connections_within(57, 2), Err(58));
        assert_eq!(service.connections_within(0, 2), Err(58));
        assert_eq!(service.connections_within(1024, 2), Ok(491));
        assert_eq!(service.connections_within(u64::MAX, 2), Ok(50_000));
    }
}
