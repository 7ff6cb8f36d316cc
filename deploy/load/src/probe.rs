//! Readers at a steady rate beside another load.

use crate::capacity::Target;
use crate::failure::Failure;
use crate::figures::{ms, percentile};
use crate::generator::{Generator, RequestOutcome, Sample, latencies};
use crate::schedule::Schedule;
use clap::Args;
use std::rc::Rc;
use std::time::Duration;

/// The time-out of a read, and the most reads in flight.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_CONNECTIONS: usize = 256;

/// The target of the reads, and their rate.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Reads a second.
    #[arg(long, default_value_t = 100)]
    pub(crate) rate: u32,
}

/// Readers at a steady rate.
pub(crate) struct SteadyReaders {
    generator: Rc<Generator>,
    schedule: Schedule,
}

/// The samples of the readers.
#[derive(Debug)]
pub(crate) struct ReadSamples(Vec<Sample>);

impl SteadyReaders {
    /// Prepares chats and templates.
    pub(crate) async fn prepare(options: &Options) -> Result<Self, Failure> {
        let (address, templates) = (options.target.address()?, options.target.templates().await?);
        let generator = Generator::new(address, templates, REQUEST_TIMEOUT, MAX_CONNECTIONS);
        Ok(Self { generator, schedule: Schedule::new(options.rate) })
    }

    /// Reads for this time.
    pub(crate) async fn read(&self, time: Duration) -> Result<ReadSamples, Failure> {
        self.generator.offer(self.schedule, time).await;
        let samples = ReadSamples(self.generator.wait_for_responses().await);
        let failures = self.generator.failures();
        if failures.is_empty() && !latencies(&samples.0, RequestOutcome::Accepted).is_empty() {
            return Ok(samples);
        }
        Err(Failure::new(format!("reads failed, or there were none: {failures:?}")))
    }
}

impl ReadSamples {
    /// The p99 of the accepted reads.
    pub(crate) fn p99(&self) -> Duration {
        percentile(&latencies(&self.0, RequestOutcome::Accepted), 99)
    }

    /// The longest accepted read.
    pub(crate) fn max(&self) -> Duration {
        percentile(&latencies(&self.0, RequestOutcome::Accepted), 100)
    }

    /// The figures in one line.
    pub(crate) fn summary(&self) -> String {
        let accepted = latencies(&self.0, RequestOutcome::Accepted);
        let [p50, p99, max] = [50, 99, 100].map(|percent| ms(percentile(&accepted, percent)));
        let rejected = self.0.len() - accepted.len();
        format!("p50 {p50}, p99 {p99}, at most {max}; {} reads, {rejected} refused", self.0.len())
    }
}
