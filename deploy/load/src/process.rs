//! The memory and the CPU time of a process.

use crate::failure::Failure;
use std::fs;

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

/// The CPU time that a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CpuTime {
    ticks: u32,
}

impl CpuTime {
    /// The CPU time of this process.
    pub(crate) fn of_this_process() -> Result<Self, Failure> {
        let path = "/proc/self/stat";
        let stat = fs::read_to_string(path).map_err(|error| Failure::new(format!("{path}: {error}")))?;
        let ticks = ticks_in(&stat).ok_or_else(|| Failure::new(format!("{path} has another format")))?;
        Ok(Self { ticks })
    }

    /// The seconds of CPU time since an earlier measurement.
    pub(crate) fn since(self, then: Self) -> f64 {
        f64::from(self.ticks.saturating_sub(then.ticks)) / TICKS_PER_SECOND
    }
}

/// The sum of `utime` and `stime`, the 14th and the 15th field. The second field is a name, which may contain spaces and parentheses.
fn ticks_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?)
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
        let stat = "17 (a (b) c) S 1 17 17 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 200";
        assert_eq!(ticks_in(stat), Some(300));
    }

    #[test]
    fn a_process_has_some_memory() {
        assert!(resident(std::process::id()).unwrap() > anonymous(std::process::id()).unwrap());
        CpuTime::of_this_process().unwrap();
    }
}
