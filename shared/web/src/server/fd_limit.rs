//! How many connections a server takes, as the limit of its process on file descriptors (`RLIMIT_NOFILE`) allows.
//!
//! A process without a free descriptor can neither accept a connection nor open its database, and a library that does not
//! expect that panics. So a server accepts fewer connections than there are descriptors: clients beyond that wait in the
//! backlog of the listening socket until others have left.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shared::error::StartError;
use std::io;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Held by every program: its main runtime, standard streams, listening sockets, metrics, look-ups of names.
const DESCRIPTORS_OF_A_PROCESS: u64 = 20;
/// Held by each worker of a server: its runtime.
const DESCRIPTORS_PER_WORKER: u64 = 3;
/// With fewer, a server is of no use.
const MIN_CONNECTIONS: u64 = 8;
/// A number that the server's library has as its own default, too.
const MAX_CONNECTIONS_PER_WORKER: u64 = 25_000;

/// What a program needs of the file descriptors that it may have open.
#[derive(Debug, Clone, Copy)]
pub struct DescriptorUse {
    /// For its databases.
    pub databases: u64,
    /// How many servers it has, each with a worker a core.
    pub servers: u64,
    /// For each connection of a client: that one, and those to services that are held for it.
    pub per_connection: u64,
}

impl DescriptorUse {
    /// How many connections a server of this program may have, after the soft limit was raised to the hard one.
    ///
    /// # Errors
    /// A limit under which it cannot work.
    pub fn max_connections(self) -> Result<usize, StartError> {
        let limit = raise_descriptor_limit().map_err(|error| {
            StartError::Io("the limit of file descriptors cannot be raised".to_owned(), error)
        })?;
        self.connections_at(limit)
    }

    /// The same, without raising the soft limit.
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

    /// The number of connections, or the least limit that would do.
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

/// Raises the soft limit of this process on descriptors to the hard one, and returns that; `None` is no limit. The soft
/// limit is often 1024, for programs that use `select`.
pub fn raise_descriptor_limit() -> io::Result<Option<u64>> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum)
}

/// Whether this error says that the process, or the machine, has no descriptor left.
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
    fn connections_follow_from_the_limit_with_a_reserve() {
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
