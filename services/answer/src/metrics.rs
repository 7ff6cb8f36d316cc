//! Metrics of runs.

use crate::domain::{AnswerStatus, RunState};
use crate::duration_histogram::DurationHistogram;
use crate::provider::ProviderError;
use crate::store::run_counts;
use shared::service::Service;
use shared_store::Store;
use shared_web::metrics::{MetricFamilies, Metrics};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the time to the first token, in milliseconds.
const FIRST_TOKEN_BOUNDS: &[u64] = &[25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];
/// Upper bounds of the time of a flush, in milliseconds.
const FLUSH_BOUNDS: &[u64] =
    &[1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 250, 500, 1_000, 5_000, 30_000];
/// The ends that are counted.
const FINISH_STATUSES: [AnswerStatus; 5] = [
    AnswerStatus::Completed,
    AnswerStatus::Incomplete,
    AnswerStatus::Stopped,
    AnswerStatus::Interrupted,
    AnswerStatus::Failed,
];

/// The codes of [`ProviderError`].
const PROVIDER_ERROR_CODES: [&str; 6] = [
    "provider_auth",
    "provider_rate_limited",
    "provider_unavailable",
    "provider_rejected",
    "context_too_long",
    "timed_out",
];

/// The counters of this replica. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RunMetrics(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    first_tokens: DurationHistogram,
    flushes: DurationHistogram,
    ends: [AtomicU64; FINISH_STATUSES.len()],
    provider_errors: [AtomicU64; PROVIDER_ERROR_CODES.len()],
    dropped: AtomicU64,
    requeued: AtomicU64,
    leases_lost: AtomicU64,
    output_tokens: AtomicU64,
    generation_millis: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            first_tokens: DurationHistogram::new(FIRST_TOKEN_BOUNDS),
            flushes: DurationHistogram::new(FLUSH_BOUNDS),
            ends: Default::default(),
            provider_errors: Default::default(),
            dropped: AtomicU64::default(),
            requeued: AtomicU64::default(),
            leases_lost: AtomicU64::default(),
            output_tokens: AtomicU64::default(),
            generation_millis: AtomicU64::default(),
        }
    }
}

impl RunMetrics {
    /// Shows the counters, and how many runs there are by state.
    pub fn observe(&self, store: &Store, metrics: &Metrics) {
        let this = self.clone();
        metrics.observe(move |families| this.show(families));
        let store = store.clone();
        metrics.observe_async(move || {
            let store = store.clone();
            async move {
                let mut families = MetricFamilies::default();
                for (state, count) in run_counts(&store).await.ok()? {
                    let help = "Runs that are under way, of all replicas";
                    let labels = [("state", RunState::as_str(state))];
                    families.gauge("answer_runs", help, Service::Answer, &labels, count);
                }
                Some(families)
            }
        });
    }

    /// Counts the first token of a run.
    pub fn first_token(&self, after: Duration) {
        self.0.first_tokens.record(after);
    }

    /// Counts a flush that is written.
    pub fn flushed(&self, time: Duration) {
        self.0.flushes.record(time);
    }

    /// Counts the end of a run.
    pub fn finished(&self, status: AnswerStatus) {
        let ends = FINISH_STATUSES.iter().zip(&self.0.ends);
        ends.filter(|(end, _)| **end == status).for_each(|(_, count)| add(count, 1));
    }

    /// Counts an error of a provider that ends a run.
    pub fn provider_failed(&self, error: ProviderError) {
        let codes = PROVIDER_ERROR_CODES.iter().zip(&self.0.provider_errors);
        codes.filter(|(code, _)| **code == error.code()).for_each(|(_, count)| add(count, 1));
    }

    /// Counts the tokens of a response, and the time that they took.
    pub fn generated(&self, tokens: i64, time: Duration) {
        add(&self.0.output_tokens, u64::try_from(tokens).unwrap_or(0));
        add(&self.0.generation_millis, u64::try_from(time.as_millis()).unwrap_or(0));
    }

    /// Counts a run that was dropped, as its chat or branch is deleted.
    pub fn dropped(&self) {
        add(&self.0.dropped, 1);
    }

    /// Counts runs whose owner was gone, and that were queued again.
    pub fn requeued(&self, runs: usize) {
        add(&self.0.requeued, u64::try_from(runs).unwrap_or(0));
    }

    /// Counts a run of which this replica has lost the authority.
    pub fn lease_lost(&self) {
        add(&self.0.leases_lost, 1);
    }

    fn show(&self, families: &mut MetricFamilies) {
        let mut counter = |name, help, labels: &[(&'static str, &str)], count: &AtomicU64| {
            families.counter(name, help, Service::Answer, labels, count.load(Ordering::Relaxed));
        };
        for (end, count) in FINISH_STATUSES.iter().zip(&self.0.ends) {
            counter("answer_runs_ended", "Runs by their end", &[("status", end.as_str())], count);
        }
        counter(
            "answer_runs_dropped",
            "Runs without a message, as the chat or branch is deleted",
            &[],
            &self.0.dropped,
        );
        counter(
            "answer_runs_requeued",
            "Runs whose owner was gone before it said anything",
            &[],
            &self.0.requeued,
        );
        counter(
            "answer_leases_lost",
            "Runs of which a replica has lost the authority",
            &[],
            &self.0.leases_lost,
        );
        counter(
            "answer_output_tokens",
            "Tokens of responses, as providers count them",
            &[],
            &self.0.output_tokens,
        );
        let help = "Milliseconds from the claims of these runs to their ends";
        counter("answer_generation_milliseconds", help, &[], &self.0.generation_millis);
        self.show_histograms(families);
        self.show_provider_errors(families);
    }

    fn show_provider_errors(&self, families: &mut MetricFamilies) {
        let help = "Errors of providers that have ended a run";
        for (code, count) in PROVIDER_ERROR_CODES.iter().zip(&self.0.provider_errors) {
            let count = count.load(Ordering::Relaxed);
            families.counter("answer_provider_errors", help, Service::Answer, &[("code", code)], count);
        }
    }

    fn show_histograms(&self, families: &mut MetricFamilies) {
        self.0.first_tokens.show(
            families,
            ("answer_first_tokens", "First tokens by the milliseconds that they took, at most le"),
            ("answer_first_token_milliseconds", "Milliseconds from the claims of runs to their first tokens"),
        );
        self.0.flushes.show(
            families,
            ("answer_flushes", "Flushes by the milliseconds that they took, at most le"),
            ("answer_flush_milliseconds", "Milliseconds that flushes took"),
        );
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
