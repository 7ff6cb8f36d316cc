//! The memory of programs during a load, and after it.

use crate::capacity::Target;
use crate::failure::Failure;
use crate::figures::Report;
use crate::process::anonymous;
use clap::Args;
use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{interval, sleep};

/// The sampling interval.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(20);
/// The peak anonymous memory of a program.
const MAX_ANONYMOUS_BYTES: u64 = 256 << 20;
/// The delay after a load before the memory is read again.
const SETTLE_TIME: Duration = Duration::from_secs(10);

/// The target of a load, and the programs whose memory is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct WatchedTarget {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) programs: Programs,
}

/// The size of a page of large messages.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LargePage {
    /// The size of the page in MiB, up to eight.
    #[arg(long, default_value_t = 8)]
    pub(crate) mebibytes: usize,
}

/// The programs whose memory is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Programs {
    /// The name and the process id of a program, such as `gateway=1234`; may be repeated.
    #[arg(long = "program", required = true)]
    programs: Vec<Program>,
}

/// A program: its name and its process.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) pid: u32,
}

impl FromStr for Program {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, pid) =
            text.split_once('=').ok_or("expected a name and a process, such as gateway=1234")?;
        let pid = pid.parse().map_err(|_| format!("{pid} is no process"))?;
        Ok(Self { name: name.to_owned(), pid })
    }
}

/// Samples the memory of programs.
pub(crate) struct MemorySampler {
    programs: Vec<Program>,
    before: Vec<u64>,
    peak: Rc<RefCell<Vec<u64>>>,
    sampling: JoinHandle<()>,
}

impl Programs {
    /// These programs.
    pub(crate) fn new(programs: Vec<Program>) -> Self {
        Self { programs }
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Program> {
        self.programs.iter()
    }

    /// The anonymous memory of each, in bytes.
    pub(crate) fn anonymous(&self) -> Result<Vec<u64>, Failure> {
        read_all(&self.programs)
    }

    /// Starts sampling.
    pub(crate) fn start_sampling(&self) -> Result<MemorySampler, Failure> {
        let programs = self.programs.clone();
        let before = read_all(&programs)?;
        let peak = Rc::new(RefCell::new(before.clone()));
        let sampling = spawn_local(sample(programs.clone(), Rc::clone(&peak)));
        Ok(MemorySampler { programs, before, peak, sampling })
    }
}

fn read_all(programs: &[Program]) -> Result<Vec<u64>, Failure> {
    programs.iter().map(|program| anonymous(program.pid)).collect()
}

async fn sample(programs: Vec<Program>, peak: Rc<RefCell<Vec<u64>>>) {
    let mut sampling = interval(SAMPLING_INTERVAL);
    loop {
        sampling.tick().await;
        let Ok(now) = read_all(&programs) else { return };
        let mut peak = peak.borrow_mut();
        peak.iter_mut().zip(now).for_each(|(peak, now)| *peak = now.max(*peak));
    }
}

impl MemorySampler {
    /// Stops sampling. Returns the peak of each program, in bytes.
    pub(crate) fn stop(self) -> Vec<u64> {
        self.sampling.abort();
        self.peak.take()
    }

    /// Reports the samples, once [`SETTLE_TIME`] has passed since the load.
    pub(crate) async fn report(self, report: &mut Report) -> Result<(), Failure> {
        self.sampling.abort();
        sleep(SETTLE_TIME).await;
        let after = read_all(&self.programs)?;
        let peak = self.peak.borrow();
        let seen = self.programs.iter().zip(&self.before).zip(peak.iter().zip(after));
        for ((program, before), (&peak, after)) in seen {
            let what = format!("RssAnon of {} at most", program.name);
            let figure = format!("{} MiB", peak >> 20);
            report.check(&what, figure, "256 MiB", peak <= MAX_ANONYMOUS_BYTES);
            report.print("  before, and 10 s after", format!("{} and {} MiB", before >> 20, after >> 20));
        }
        Ok(())
    }
}
