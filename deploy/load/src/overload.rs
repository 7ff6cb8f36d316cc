//! Offers a multiple of the capacity, and checks the goodput and the latencies.

use crate::capacity::{Target, find_peak};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile, rate, ratio};
use crate::generator::{Generator, RequestOutcome, Sample, latencies};
use crate::process::CpuTime;
use crate::schedule::Schedule;
use clap::Args;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// How long half the capacity is offered, to measure the normal latency.
const NORMAL_DURATION: Duration = Duration::from_secs(5);
const WARM_UP_DURATION: Duration = Duration::from_secs(1);
/// How long half the capacity is offered afterwards, to see the recovery.
const RECOVERY_DURATION: Duration = Duration::from_secs(12);
/// The windows of the recovery.
const WINDOW: Duration = Duration::from_millis(500);
/// The p99 up to which a window counts as recovered, in normal p99s.
const MAX_RECOVERED_P99_RATIO: f64 = 2.0;
/// The time-out of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: Target,
    /// The multiple of the capacity that is offered.
    #[arg(long, default_value_t = 5)]
    times: u32,
    /// The duration of the overload, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The most connections. Beyond that a request waits in the generator, and the wait counts as latency.
    #[arg(long, default_value_t = 6000)]
    connections: usize,
}

/// Runs the load. Returns whether each aim is reached.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.target.address()?;
    let templates = options.target.templates().await?;
    let peak = find_peak(address, &templates).await;
    let mut report = Report::new();
    let connections = peak.connections;
    report.print("capacity (closed loop)", format!("{:.0}/s with {connections} connections", peak.goodput));
    let generator = Generator::new(address, templates, REQUEST_TIMEOUT, options.connections);
    let half_rate = Schedule::new(rounded(peak.goodput) / 2);
    let normal = normal_p99(&generator, half_rate).await;
    report.print("p99 at half of that, taken for normal", ms(normal));

    let time = Duration::from_secs(options.seconds);
    let (started, usage) = (Instant::now(), CpuTime::of_this_process()?);
    let unsent = generator.offer(Schedule::new(rounded(peak.goodput) * options.times), time).await;
    let (ended, busy) = (Instant::now(), CpuTime::of_this_process()?.since(usage));
    generator.offer(half_rate, RECOVERY_DURATION).await;
    let samples = generator.wait_for_responses().await;
    let (during, after): (Vec<_>, Vec<_>) = samples.into_iter().partition(|sample| sample.due < ended);

    let offered = rate(during.len() + unsent, time);
    report.print("offered", format!("{offered:.0}/s for {} s", options.seconds));
    check_aims(&mut report, &during, started..ended, peak.goodput, normal);
    let recovered = recovery_time(&after, ended, normal.mul_f64(MAX_RECOVERED_P99_RATIO));
    let is_soon = recovered.is_some_and(|time| time <= Duration::from_secs(5));
    let recovered = recovered.map_or_else(|| "not within 12 s".to_owned(), ms);
    report.check("p99 normal again after", recovered, "5 s", is_soon);
    report_generator_load(&report, &generator, &during);
    let cores = busy / time.as_secs_f64();
    report.print("the generator itself", format!("{cores:.2} cores, {unsent} requests never sent"));
    Ok(report.has_passed())
}

/// The p99 at half the capacity, without the cost of connecting.
async fn normal_p99(generator: &Rc<Generator>, half_rate: Schedule) -> Duration {
    generator.offer(half_rate, WARM_UP_DURATION).await;
    generator.wait_for_responses().await;
    generator.offer(half_rate, NORMAL_DURATION).await;
    percentile(&latencies(&generator.wait_for_responses().await, RequestOutcome::Accepted), 99)
}

fn report_generator_load(report: &Report, generator: &Generator, during: &[Sample]) {
    let lag: Vec<_> = during.iter().map(|sample| sample.lag).collect();
    let (p99, max) = (ms(percentile(&lag, 99)), ms(percentile(&lag, 100)));
    report.print("the generator itself: sent after it was due", format!("{p99} p99, {max} at most"));
    report.print("the generator itself: connections", generator.connections());
    for (why, count) in generator.failures() {
        report.print("failed", format!("{count} x {why}"));
    }
}

fn check_aims(
    report: &mut Report,
    during: &[Sample],
    time: std::ops::Range<Instant>,
    peak: f64,
    normal: Duration,
) {
    let accepted = latencies(during, RequestOutcome::Accepted);
    let in_time = |sample: &&Sample| {
        sample.outcome == RequestOutcome::Accepted && sample.due + sample.latency < time.end
    };
    let goodput = rate(during.iter().filter(in_time).count(), time.end - time.start) / peak.max(1.0);
    report.check("goodput to the peak", format!("{goodput:.2}"), "0.80", goodput >= 0.8);
    let p99 = percentile(&accepted, 99);
    let times = ratio(p99, normal);
    let figure = format!("{} ({times:.1} times normal)", ms(p99));
    report.check("p99 of the accepted", figure, "5 times", times <= 5.0 && !accepted.is_empty());
    let refused = latencies(during, RequestOutcome::Rejected);
    let (p50, p99, max) = (percentile(&refused, 50), percentile(&refused, 99), percentile(&refused, 100));
    let figure = format!("{}; p50 {}, p99 {}, at most {}", refused.len(), ms(p50), ms(p99), ms(max));
    report.check("refused", figure, "p99 20 ms", p99 < Duration::from_millis(20) && !refused.is_empty());
    let failed = during.iter().filter(|sample| sample.outcome == RequestOutcome::Failed).count();
    report.check("failed or not answered within 10 s", failed, "0", failed == 0);
}

/// The time from the end of the overload until the p99 stays at or below `max_p99`.
fn recovery_time(samples: &[Sample], end: Instant, max_p99: Duration) -> Option<Duration> {
    let windows = u32::try_from(RECOVERY_DURATION.as_millis() / WINDOW.as_millis()).unwrap_or_default();
    let is_normal = |window: u32| {
        let from = end + WINDOW * window;
        let of_window = samples.iter().filter(|sample| (from..from + WINDOW).contains(&sample.due));
        let all: Vec<_> = of_window.copied().collect();
        let accepted = latencies(&all, RequestOutcome::Accepted);
        accepted.len() == all.len() && percentile(&accepted, 99) <= max_p99
    };
    let last_bad = (0..windows).rev().find(|&window| !is_normal(window));
    let first_good = last_bad.map_or(0, |window| window + 1);
    (first_good < windows).then(|| WINDOW * first_good)
}

/// The number rounded to an integer.
fn rounded(number: f64) -> u32 {
    format!("{number:.0}").parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(due: Instant, latency_ms: u64, outcome: RequestOutcome) -> Sample {
        Sample { due, lag: Duration::ZERO, latency: Duration::from_millis(latency_ms), outcome }
    }

    #[tokio::test]
    async fn recovery_counts_from_when_the_p99_stays_normal() {
        let end = Instant::now();
        let all = |slow: &[u32], outcome: RequestOutcome| -> Vec<_> {
            (0..24)
                .map(|window| {
                    let is_slow = slow.contains(&window);
                    let due = end + WINDOW * window;
                    sample(
                        due,
                        if is_slow { 90 } else { 3 },
                        if is_slow { outcome } else { RequestOutcome::Accepted },
                    )
                })
                .collect()
        };
        let recovery = |samples: &[Sample]| recovery_time(samples, end, Duration::from_millis(10));
        assert_eq!(recovery(&all(&[], RequestOutcome::Accepted)), Some(Duration::ZERO));
        assert_eq!(recovery(&all(&[0, 1, 3], RequestOutcome::Accepted)), Some(Duration::from_secs(2)));
        assert_eq!(recovery(&all(&[0], RequestOutcome::Rejected)), Some(WINDOW));
        assert_eq!(recovery(&all(&[23], RequestOutcome::Accepted)), None);
    }

    #[test]
    fn a_rate_is_rounded() {
        assert_eq!(rounded(999.6), 1000);
        assert_eq!(rounded(0.0), 0);
    }
}
