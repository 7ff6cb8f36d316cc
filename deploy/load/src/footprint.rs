//! The memory and the descriptors of programs.

use crate::failure::Failure;
use crate::figures::Report;
use crate::memory::Programs;
use crate::process::{anonymous, open_descriptors};

/// The anonymous memory in bytes and the open descriptors of each program.
pub(crate) struct Footprint(Vec<(u64, usize)>);

impl Footprint {
    /// Measures the programs.
    pub(crate) fn of(programs: &Programs) -> Result<Self, Failure> {
        let measure = |pid| Ok::<_, Failure>((anonymous(pid)?, open_descriptors(pid)?));
        programs.iter().map(|program| measure(program.pid)).collect::<Result<_, _>>().map(Self)
    }

    /// Prints what each program had before, and has now.
    pub(crate) fn print_growth(&self, now: &Self, programs: &Programs, report: &Report) {
        for ((program, before), now) in programs.iter().zip(&self.0).zip(&now.0) {
            let memory = format!("{:.1} and {:.1} MiB", mebibytes(before.0), mebibytes(now.0));
            let figure = format!("{memory}; {} and {} descriptors", before.1, now.1);
            report.print(&format!("{}, before and meanwhile", program.name), figure);
        }
    }
}

fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}
