//! The memory of programs during a load, and after it.

use crate::capacity::Target;
use crate::figures::Report;
use crate::process::anonymous;
use crate::traffic::Failure;
use clap::Args;
use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{interval, sleep};

/// The sampling interval.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(20);
/// The most anonymous memory of a program.
const MAX_ANONYMOUS_BYTES: u64 = 256 << 20;
/// The delay after a load before the memory is read again.
const SETTLE_TIME: Duration = Duration::from_secs(10);

/// Whom a load goes to, and whose memory is looked at meanwhile.
#[derive(Debug, Clone, Args)]
pub(crate) struct WatchedTarget {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) programs: Programs,
}

/// A page of large messages that is read.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LargePage {
    /// Mebibytes of the page, up to eight.
    #[arg(long, default_value_t = 8)]
    pub(crate) mebibytes: usize,
}

/// Whose memory is looked at.
#[derive(Debug, Clone, Args)]
pub(crate) struct Programs {
    /// A program and its process, such as `gateway=1234`; any number of them.
    #[arg(long = "program", required = true)]
    programs: Vec<Program>,
}

#[derive(Debug, Clone)]
struct Program {
    name: String,
    pid: u32,
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
pub(crate) struct Watch {
    programs: Vec<Program>,
    before: Vec<u64>,
    most: Rc<RefCell<Vec<u64>>>,
    sampling: JoinHandle<()>,
}

impl Programs {
    /// Starts sampling.
    pub(crate) fn watch(&self) -> Result<Watch, Failure> {
        let programs = self.programs.clone();
        let before = read_all(&programs)?;
        let most = Rc::new(RefCell::new(before.clone()));
        let sampling = spawn_local(sample(programs.clone(), Rc::clone(&most)));
        Ok(Watch { programs, before, most, sampling })
    }
}

fn read_all(programs: &[Program]) -> Result<Vec<u64>, Failure> {
    programs.iter().map(|program| anonymous(program.pid)).collect()
}

async fn sample(programs: Vec<Program>, most: Rc<RefCell<Vec<u64>>>) {
    let mut sampling = interval(SAMPLING_INTERVAL);
    loop {
        sampling.tick().await;
        let Ok(now) = read_all(&programs) else { return };
        let mut most = most.borrow_mut();
        most.iter_mut().zip(now).for_each(|(most, now)| *most = now.max(*most));
    }
}

impl Watch {
    /// Reports the samples, once [`SETTLE_TIME`] has passed since the load.
    pub(crate) async fn report(self, report: &mut Report) -> Result<(), Failure> {
        self.sampling.abort();
        sleep(SETTLE_TIME).await;
        let after = read_all(&self.programs)?;
        let most = self.most.borrow();
        let seen = self.programs.iter().zip(&self.before).zip(most.iter().zip(after));
        for ((program, before), (&most, after)) in seen {
            let what = format!("RssAnon of {} at most", program.name);
            let figure = format!("{} MiB", most >> 20);
            report.hold(&what, figure, "256 MiB", most <= MAX_ANONYMOUS_BYTES);
            report.tell("  before, and 10 s after", format!("{} and {} MiB", before >> 20, after >> 20));
        }
        Ok(())
    }
}
