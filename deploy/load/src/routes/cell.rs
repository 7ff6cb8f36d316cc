//! The measurement of a route at a number of clients.

use super::figures::CellFigures;
use super::route::{ClientTemplates, Route};
use super::side::Side;
use crate::closed_loop::ClosedLoop;
use crate::failure::Failure;
use crate::process::CpuTime;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most clients.
pub(crate) const MAX_CLIENTS: usize = 32;
/// How long the clients run before the measurement.
const WARM_UP_DURATION: Duration = Duration::from_secs(1);

/// A route at a number of clients.
pub(crate) struct Cell<'a> {
    pub(crate) route: Route,
    pub(crate) clients: usize,
    pub(crate) time: Duration,
    /// The processes of the database servers.
    pub(crate) databases: &'a [u32],
}

/// The measurements of one round.
pub(crate) struct Measurement {
    pub(crate) figures: CellFigures,
    /// The failed requests by cause, those of the warm-up included.
    pub(crate) failures: BTreeMap<String, usize>,
}

impl Measurement {
    /// The number of failed requests.
    pub(crate) fn failed_count(&self) -> usize {
        self.failures.values().sum()
    }
}

impl Cell<'_> {
    /// Measures a side, and its memory if these are the most clients. What a route reads was prepared before; what it
    /// writes goes to new chats.
    pub(crate) async fn measure(
        &self,
        side: &mut Side,
        prepared: Option<&ClientTemplates>,
    ) -> Result<Measurement, Failure> {
        let templates = match prepared {
            Some(prepared) => prepared.iter().take(self.clients).cloned().collect(),
            None => self.route.prepare(side, self.clients).await?,
        };
        let mut closed_loop = ClosedLoop::new(side.address, templates);
        let mut failures = closed_loop.run(WARM_UP_DURATION).await.failures;
        let sampler = side.programs.start_sampling()?;
        let programs = CpuTime::with_children(&side.pids())?;
        let databases = CpuTime::with_children(self.databases)?;
        let samples = closed_loop.run(self.time).await;
        let programs = CpuTime::with_children(&side.pids())?.since(programs);
        let databases = CpuTime::with_children(self.databases)?.since(databases);
        let peak = sampler.stop();
        if self.clients == MAX_CLIENTS {
            side.include_peak(&peak);
        }
        for (cause, count) in &samples.failures {
            *failures.entry(cause.clone()).or_default() += count;
        }
        Ok(Measurement { figures: CellFigures::new(&samples, programs, databases), failures })
    }
}
