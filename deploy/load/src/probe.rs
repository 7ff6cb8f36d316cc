//! Readers who go on at a steady rate while something else happens.

use crate::capacity::Target;
use crate::figures::{ms, percentile};
use crate::generator::{Fate, Generator, Sample, took};
use crate::schedule::Schedule;
use crate::traffic::Failure;
use clap::Args;
use std::rc::Rc;
use std::time::Duration;

/// How long a read is waited for, and how many may be on their way.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 256;

/// Who reads what, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Reads a second.
    #[arg(long, default_value_t = 100)]
    pub(crate) rate: u32,
}

/// Readers, who come at a rate.
pub(crate) struct Readers {
    generator: Rc<Generator>,
    schedule: Schedule,
}

/// What they have met.
#[derive(Debug)]
pub(crate) struct Met(Vec<Sample>);

impl Readers {
    /// Makes what is needed to read.
    pub(crate) async fn prepare(options: &Options) -> Result<Self, Failure> {
        let (address, questions) = (options.target.address()?, options.target.questions().await?);
        let generator = Generator::new(address, questions, PATIENCE, CONNECTIONS);
        Ok(Self { generator, schedule: Schedule::new(options.rate) })
    }

    /// They come for so long.
    pub(crate) async fn read(&self, time: Duration) -> Result<Met, Failure> {
        self.generator.offer(self.schedule, time).await;
        let met = Met(self.generator.settle().await);
        let failures = self.generator.failures();
        if failures.is_empty() && !took(&met.0, Fate::Accepted).is_empty() {
            return Ok(met);
        }
        Err(Failure::new(format!("reads failed, or there were none: {failures:?}")))
    }
}

impl Met {
    /// The p99 of those that were answered.
    pub(crate) fn p99(&self) -> Duration {
        percentile(&took(&self.0, Fate::Accepted), 99)
    }

    /// The longest of them.
    pub(crate) fn worst(&self) -> Duration {
        percentile(&took(&self.0, Fate::Accepted), 100)
    }

    /// In words.
    pub(crate) fn tell(&self) -> String {
        let took = took(&self.0, Fate::Accepted);
        let [half, most, worst] = [50, 99, 100].map(|percent| ms(percentile(&took, percent)));
        let refused = self.0.len() - took.len();
        format!("p50 {half}, p99 {most}, at most {worst}; {} reads, {refused} refused", self.0.len())
    }
}
