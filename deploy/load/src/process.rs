//! The memory, the CPU time, the descriptors and the writes of a process.

use crate::failure::Failure;
use std::{fs, io};

/// `USER_HZ` of Linux, which is 100 on all current architectures.
const TICKS_PER_SECOND: f64 = 100.0;

/// The resident memory of a process, in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64, Failure> {
    memory(pid, "VmRSS:")
}

/// The anonymous resident memory of a process, in bytes: without mapped files.
pub(crate) fn anonymous(pid: u32) -> Result<u64, Failure> {
    memory(pid, "RssAnon:")
}

fn memory(pid: u32, field: &str) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).map_err(|error| Failure::new(format!("{path}: {error}")))?;
    memory_in(&status, field).ok_or_else(|| Failure::new(format!("{path} does not say {field}")))
}

fn memory_in(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// The open file descriptors of a process.
pub(crate) fn open_descriptors(pid: u32) -> Result<usize, Failure> {
    let path = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&path).map_err(|error| Failure::new(format!("{path}: {error}")))?;
    Ok(entries.count())
}

/// The bytes that processes and their children have passed to calls of `write`, the children that have ended excluded. These are the
/// writes to files, and some of those to sockets. `write_bytes` beside it counts all of a large folio for each byte that is written in it.
pub(crate) fn written_bytes(pids: &[u32]) -> Result<u64, Failure> {
    let all = read_stats().map_err(|error| Failure::new(format!("/proc: {error}")))?;
    let ours = all.iter().filter(|stat| pids.contains(&stat.pid) || pids.contains(&stat.parent));
    // A child may have ended meanwhile.
    let read = |stat: &Stat| fs::read_to_string(format!("/proc/{}/io", stat.pid)).ok();
    Ok(ours.filter_map(|stat| written_in(&read(stat)?)).sum())
}

fn written_in(io: &str) -> Option<u64> {
    io.lines().find_map(|line| line.strip_prefix("wchar:"))?.trim().parse().ok()
}

/// The CPU time that processes have used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuTime {
    ticks: u64,
}

impl CpuTime {
    /// The CPU time of this process.
    pub(crate) fn of_this_process() -> Result<Self, Failure> {
        let path = "/proc/self/stat";
        let stat = fs::read_to_string(path).map_err(|error| Failure::new(format!("{path}: {error}")))?;
        let stat = Stat::parse(&stat).ok_or_else(|| Failure::new(format!("{path} has another format")))?;
        Ok(Self { ticks: stat.ticks })
    }

    /// The CPU time of these processes and their children, those that have ended included.
    pub(crate) fn with_children(pids: &[u32]) -> Result<Self, Failure> {
        let all = read_stats().map_err(|error| Failure::new(format!("/proc: {error}")))?;
        if let Some(pid) = pids.iter().find(|pid| all.iter().all(|stat| stat.pid != **pid)) {
            return Err(Failure::new(format!("process {pid} has ended")));
        }
        Ok(Self { ticks: ticks_with_children(pids, &all) })
    }

    /// The seconds of CPU time since an earlier measurement.
    pub(crate) fn since(self, then: Self) -> f64 {
        let ticks = u32::try_from(self.ticks.saturating_sub(then.ticks)).unwrap_or(u32::MAX);
        f64::from(ticks) / TICKS_PER_SECOND
    }
}

/// The fields of `/proc/<pid>/stat` that are needed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    /// `utime` and `stime`.
    ticks: u64,
    /// `cutime` and `cstime`: the times of the children that have ended.
    ticks_of_ended: u64,
}

impl Stat {
    /// The second field is a name, which may contain spaces and parentheses. The parent is the 4th field, the times are the 14th
    /// to the 17th.
    fn parse(stat: &str) -> Option<Self> {
        let (pid, _) = stat.split_once(' ')?;
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(1);
        let parent = fields.next()?.parse().ok()?;
        let mut times = fields.skip(9).map(str::parse::<u64>);
        let mut sum_of_two = || Some(times.next()?.ok()? + times.next()?.ok()?);
        Some(Self { pid: pid.parse().ok()?, parent, ticks: sum_of_two()?, ticks_of_ended: sum_of_two()? })
    }
}

/// The current state of all processes.
fn read_stats() -> io::Result<Vec<Stat>> {
    let mut stats = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()) {
            // A process may have ended meanwhile.
            let stat = fs::read_to_string(entry.path().join("stat")).ok();
            stats.extend(stat.and_then(|stat| Stat::parse(&stat)));
        }
    }
    Ok(stats)
}

fn ticks_with_children(pids: &[u32], all: &[Stat]) -> u64 {
    let own = all.iter().filter(|stat| pids.contains(&stat.pid));
    let children = all.iter().filter(|stat| pids.contains(&stat.parent) && !pids.contains(&stat.pid));
    own.map(|stat| stat.ticks + stat.ticks_of_ended).sum::<u64>()
        + children.map(|stat| stat.ticks).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_procfs_are_parsed() {
        let status = "Name:\tgateway\nVmRSS:\t   12345 kB\nRssAnon:\t  8 kB\nThreads:\t4\n";
        assert_eq!(memory_in(status, "VmRSS:"), Some(12_641_280));
        assert_eq!(memory_in(status, "RssAnon:"), Some(8192));
        assert_eq!(memory_in("Name:\tgateway\n", "VmRSS:"), None);
        assert_eq!(written_in("rchar: 1\nwchar: 8192\nwrite_bytes: 4096\n"), Some(8192));
        let stat = "17 (a (b) c) S 1 17 17 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 4 0 100 1000 200";
        let parsed = Stat { pid: 17, parent: 1, ticks: 300, ticks_of_ended: 15 };
        assert_eq!(Stat::parse(stat), Some(parsed));
        assert_eq!(Stat::parse("17 (a) S 1 17"), None);
    }

    #[test]
    fn the_time_of_a_child_counts_once_while_it_runs_and_after_its_end() {
        let stat = |pid, parent, ticks, ticks_of_ended| Stat { pid, parent, ticks, ticks_of_ended };
        let running = [stat(1, 0, 1000, 0), stat(2, 1, 10, 0), stat(3, 2, 5, 0), stat(4, 1, 300, 0)];
        assert_eq!(ticks_with_children(&[2], &running), 15);
        assert_eq!(ticks_with_children(&[2, 3, 4], &running), 315);
        let ended = [stat(1, 0, 1000, 0), stat(2, 1, 10, 5), stat(4, 1, 300, 0)];
        assert_eq!(ticks_with_children(&[2], &ended), 15);
    }

    #[test]
    fn a_process_has_some_memory() {
        assert!(resident(std::process::id()).unwrap() > anonymous(std::process::id()).unwrap());
        assert!(open_descriptors(std::process::id()).unwrap() > 2);
        CpuTime::of_this_process().unwrap();
        CpuTime::with_children(&[std::process::id()]).unwrap();
        CpuTime::with_children(&[u32::MAX]).unwrap_err();
    }
}
