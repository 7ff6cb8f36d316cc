//! The memory and the file descriptors of programs during a load.

use crate::failure::Failure;
use crate::figures::Report;
use crate::memory::Programs;
use crate::process::resident;
use std::fs;

/// The resident memory and the open file descriptors of each program.
pub(super) struct Footprint(Vec<(u64, usize)>);

impl Footprint {
    /// Measures them now.
    pub(super) fn of(programs: &Programs) -> Result<Self, Failure> {
        let measure = |pid| Ok::<_, Failure>((resident(pid)?, descriptors(pid)?));
        programs.iter().map(|program| measure(program.pid)).collect::<Result<_, _>>().map(Self)
    }

    /// Prints them beside what they were before.
    pub(super) fn print(&self, before: &Self, programs: &Programs, report: &Report) {
        for (program, (before, now)) in programs.iter().zip(before.0.iter().zip(&self.0)) {
            let memory = format!("{} MiB, {} before", now.0 >> 20, before.0 >> 20);
            report.print(&format!("memory of {}", program.name), memory);
            report.print("  descriptors", format!("{}, {} before", now.1, before.1));
        }
    }
}

fn descriptors(pid: u32) -> Result<usize, Failure> {
    let path = format!("/proc/{pid}/fd");
    let open = fs::read_dir(&path).map_err(|error| Failure::new(format!("{path}: {error}")))?;
    Ok(open.count())
}
