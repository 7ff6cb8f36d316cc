//! The memory of programs while something happens to them, and afterwards.

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

/// How often the memory is looked at.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(20);
/// How much of it a program may have.
const MAX_ANONYMOUS_BYTES: u64 = 256 << 20;
/// How long after a load it is looked whether the memory has come back.
const AFTERWARDS: Duration = Duration::from_secs(10);

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

/// Who looks at the memory of programs.
pub(crate) struct Watch {
    programs: Vec<Program>,
    before: Vec<u64>,
    most: Rc<RefCell<Vec<u64>>>,
    glances: JoinHandle<()>,
}

impl Programs {
    /// Begins to look.
    pub(crate) fn watch(&self) -> Result<Watch, Failure> {
        let programs = self.programs.clone();
        let before = look(&programs)?;
        let most = Rc::new(RefCell::new(before.clone()));
        let glances = spawn_local(glance(programs.clone(), Rc::clone(&most)));
        Ok(Watch { programs, before, most, glances })
    }
}

fn look(programs: &[Program]) -> Result<Vec<u64>, Failure> {
    programs.iter().map(|program| anonymous(program.pid)).collect()
}

async fn glance(programs: Vec<Program>, most: Rc<RefCell<Vec<u64>>>) {
    let mut glances = interval(SAMPLING_INTERVAL);
    loop {
        glances.tick().await;
        let Ok(now) = look(&programs) else { return };
        let mut most = most.borrow_mut();
        most.iter_mut().zip(now).for_each(|(most, now)| *most = now.max(*most));
    }
}

impl Watch {
    /// Tells what was seen, once some time has passed since the load.
    pub(crate) async fn report(self, report: &mut Report) -> Result<(), Failure> {
        self.glances.abort();
        sleep(AFTERWARDS).await;
        let after = look(&self.programs)?;
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
