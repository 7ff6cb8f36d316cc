//! Readers at a steady rate beside another load.

use crate::capacity::Target;
use crate::figures::{ms, percentile};
use crate::generator::{Generator, RequestOutcome, Sample, took};
use crate::schedule::Schedule;
use crate::traffic::Failure;
use clap::Args;
use std::rc::Rc;
use std::time::Duration;

/// The time-out of a read, and the most reads in flight.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_CONNECTIONS: usize = 256;

/// Who reads what, and how often.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Reads a second.
    #[arg(long, default_value_t = 100)]
    pub(crate) rate: u32,
}

/// Readers at a steady rate.
pub(crate) struct Readers {
    generator: Rc<Generator>,
    schedule: Schedule,
}

/// The samples of the readers.
#[derive(Debug)]
pub(crate) struct Met(Vec<Sample>);

impl Readers {
    /// Prepares chats and templates.
    pub(crate) async fn prepare(options: &Options) -> Result<Self, Failure> {
        let (address, templates) = (options.target.address()?, options.target.templates().await?);
        let generator = Generator::new(address, templates, REQUEST_TIMEOUT, MAX_CONNECTIONS);
        Ok(Self { generator, schedule: Schedule::new(options.rate) })
    }

    /// Reads for this time.
    pub(crate) async fn read(&self, time: Duration) -> Result<Met, Failure> {
        self.generator.offer(self.schedule, time).await;
        let met = Met(self.generator.settle().await);
        let failures = self.generator.failures();
        if failures.is_empty() && !took(&met.0, RequestOutcome::Accepted).is_empty() {
            return Ok(met);
        }
        Err(Failure::new(format!("reads failed, or there were none: {failures:?}")))
    }
}

impl Met {
    /// The p99 of the accepted reads.
    pub(crate) fn p99(&self) -> Duration {
        percentile(&took(&self.0, RequestOutcome::Accepted), 99)
    }

    /// The longest accepted read.
    pub(crate) fn worst(&self) -> Duration {
        percentile(&took(&self.0, RequestOutcome::Accepted), 100)
    }

    /// The figures in words.
    pub(crate) fn tell(&self) -> String {
        let took = took(&self.0, RequestOutcome::Accepted);
        let [half, most, worst] = [50, 99, 100].map(|percent| ms(percentile(&took, percent)));
        let refused = self.0.len() - took.len();
        format!("p50 {half}, p99 {most}, at most {worst}; {} reads, {refused} refused", self.0.len())
    }
}
