//! Several times the capacity, and whether the goodput holds.

use crate::capacity::{Target, find};
use crate::figures::{Report, ms, percentile, rate, ratio};
use crate::generator::{Generator, RequestOutcome, Sample, took};
use crate::process::Usage;
use crate::schedule::Schedule;
use crate::traffic::Failure;
use clap::Args;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// How long half the capacity is offered, to measure what is normal.
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
    /// How many times the capacity is asked for.
    #[arg(long, default_value_t = 5)]
    times: u32,
    /// For how long.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The most connections; beyond that requests wait here, and their waiting counts.
    #[arg(long, default_value_t = 6000)]
    connections: usize,
}

/// Whether each aim is reached.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.target.address()?;
    let templates = options.target.templates().await?;
    let peak = find(address, &templates).await;
    let mut report = Report::new();
    let connections = peak.connections;
    report.tell("capacity (closed loop)", format!("{:.0}/s with {connections} connections", peak.goodput));
    let generator = Generator::new(address, templates, REQUEST_TIMEOUT, options.connections);
    let half = Schedule::new(whole(peak.goodput) / 2);
    let normal = normal(&generator, half).await;
    report.tell("p99 at half of that, taken for normal", ms(normal));

    let time = Duration::from_secs(options.seconds);
    let (begun, usage) = (Instant::now(), Usage::of_this_process()?);
    let unsent = generator.offer(Schedule::new(whole(peak.goodput) * options.times), time).await;
    let (ended, busy) = (Instant::now(), Usage::of_this_process()?.since(usage));
    generator.offer(half, RECOVERY_DURATION).await;
    let samples = generator.settle().await;
    let (during, after): (Vec<_>, Vec<_>) = samples.into_iter().partition(|sample| sample.due < ended);

    let offered = rate(during.len() + unsent, time);
    report.tell("offered", format!("{offered:.0}/s for {} s", options.seconds));
    judge(&mut report, &during, begun..ended, peak.goodput, normal);
    let back = back_after(&after, ended, normal.mul_f64(MAX_RECOVERED_P99_RATIO));
    let is_soon = back.is_some_and(|back| back <= Duration::from_secs(5));
    let back = back.map_or_else(|| "not within 12 s".to_owned(), ms);
    report.hold("p99 normal again after", back, "5 s", is_soon);
    tell_of_itself(&report, &generator, &during);
    let cores = busy / time.as_secs_f64();
    report.tell("the generator itself", format!("{cores:.2} cores, {unsent} requests never sent"));
    Ok(report.is_well())
}

/// The p99 at half the capacity, without the cost of connecting.
async fn normal(generator: &Rc<Generator>, half: Schedule) -> Duration {
    generator.offer(half, WARM_UP_DURATION).await;
    generator.settle().await;
    generator.offer(half, NORMAL_DURATION).await;
    percentile(&took(&generator.settle().await, RequestOutcome::Accepted), 99)
}

fn tell_of_itself(report: &Report, generator: &Generator, during: &[Sample]) {
    let lag: Vec<_> = during.iter().map(|sample| sample.lag).collect();
    let (p99, most) = (ms(percentile(&lag, 99)), ms(percentile(&lag, 100)));
    report.tell("the generator itself: sent after it was due", format!("{p99} p99, {most} at most"));
    report.tell("the generator itself: connections", generator.connections());
    for (why, count) in generator.failures() {
        report.tell("failed", format!("{count} x {why}"));
    }
}

fn judge(
    report: &mut Report,
    during: &[Sample],
    time: std::ops::Range<Instant>,
    peak: f64,
    normal: Duration,
) {
    let accepted = took(during, RequestOutcome::Accepted);
    let in_time =
        |sample: &&Sample| sample.outcome == RequestOutcome::Accepted && sample.due + sample.took < time.end;
    let goodput = rate(during.iter().filter(in_time).count(), time.end - time.start) / peak.max(1.0);
    report.hold("goodput to the peak", format!("{goodput:.2}"), "0.80", goodput >= 0.8);
    let p99 = percentile(&accepted, 99);
    let times = ratio(p99, normal);
    let figure = format!("{} ({times:.1} times normal)", ms(p99));
    report.hold("p99 of the accepted", figure, "5 times", times <= 5.0 && !accepted.is_empty());
    let refused = took(during, RequestOutcome::Refused);
    let (p50, p99, most) = (percentile(&refused, 50), percentile(&refused, 99), percentile(&refused, 100));
    let figure = format!("{}; p50 {}, p99 {}, at most {}", refused.len(), ms(p50), ms(p99), ms(most));
    report.hold("refused", figure, "p99 20 ms", p99 < Duration::from_millis(20) && !refused.is_empty());
    let failed = during.iter().filter(|sample| sample.outcome == RequestOutcome::Failed).count();
    report.hold("failed or not answered within 10 s", failed, "0", failed == 0);
}

/// How long after the end the p99 came down to `most` for good.
fn back_after(samples: &[Sample], end: Instant, most: Duration) -> Option<Duration> {
    let windows = u32::try_from(RECOVERY_DURATION.as_millis() / WINDOW.as_millis()).unwrap_or_default();
    let is_normal = |window: u32| {
        let from = end + WINDOW * window;
        let of_window = samples.iter().filter(|sample| (from..from + WINDOW).contains(&sample.due));
        let all: Vec<_> = of_window.copied().collect();
        let accepted = took(&all, RequestOutcome::Accepted);
        accepted.len() == all.len() && percentile(&accepted, 99) <= most
    };
    let last_bad = (0..windows).rev().find(|&window| !is_normal(window));
    let first_good = last_bad.map_or(0, |window| window + 1);
    (first_good < windows).then(|| WINDOW * first_good)
}

/// The number rounded to an integer.
fn whole(number: f64) -> u32 {
    format!("{number:.0}").parse().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(due: Instant, took_ms: u64, outcome: RequestOutcome) -> Sample {
        Sample { due, lag: Duration::ZERO, took: Duration::from_millis(took_ms), outcome }
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
        let back = |samples: &[Sample]| back_after(samples, end, Duration::from_millis(10));
        assert_eq!(back(&all(&[], RequestOutcome::Accepted)), Some(Duration::ZERO));
        assert_eq!(back(&all(&[0, 1, 3], RequestOutcome::Accepted)), Some(Duration::from_secs(2)));
        assert_eq!(back(&all(&[0], RequestOutcome::Refused)), Some(WINDOW));
        assert_eq!(back(&all(&[23], RequestOutcome::Accepted)), None);
    }

    #[test]
    fn a_rate_is_rounded() {
        assert_eq!(whole(999.6), 1000);
        assert_eq!(whole(0.0), 0);
    }
}
