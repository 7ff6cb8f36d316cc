//! Readers beside many concurrent logins.

use crate::connection::{RequestTemplate, send};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use crate::probe::{self, SteadyReaders};
use crate::traffic::Traffic;
use clap::Args;
use hyper::StatusCode;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Instant, sleep};

/// How long readers run alone, and how long beside logins.
const ALONE_DURATION: Duration = Duration::from_secs(10);
const TOGETHER_DURATION: Duration = Duration::from_secs(20);
/// The pause after a refused login.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    reads: probe::Options,
    /// The number of concurrent clients, which log in repeatedly.
    #[arg(long, default_value_t = 64)]
    logins: usize,
}

#[derive(Debug, Default)]
struct LoginLoad {
    answers: BTreeMap<String, usize>,
    latencies: Vec<Duration>,
}

/// Runs the load. Returns whether the p99 of the reads stays within its bound. Refused logins are retried.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.reads.target.address()?;
    let readers = SteadyReaders::prepare(&options.reads).await?;
    let traffic = Traffic::prepare(options.reads.target.base()).await?;
    let login = RequestTemplate::post("/api/v1/auth/login", "", traffic.user().to_string())?;
    let mut report = Report::new();
    report.print(
        &format!("{} reads/s alone", options.reads.rate),
        readers.read(ALONE_DURATION).await?.summary(),
    );
    let logins = spawn_local(run_logins(address, login, options.logins, TOGETHER_DURATION));
    let beside = readers.read(TOGETHER_DURATION).await?;
    report.print(&format!("beside {} logins at once", options.logins), beside.summary());
    let logins = logins.await.map_err(|error| Failure::new(error.to_string()))?;
    let [p50, max] = [50, 100].map(|percent| ms(percentile(&logins.latencies, percent)));
    report.print("logins", format!("{:?}, p50 {p50}, at most {max}", logins.answers));
    let p99 = beside.p99();
    report.check("p99 of the reads", ms(p99), "100 ms", p99 <= Duration::from_millis(100));
    Ok(report.has_passed())
}

async fn run_logins(
    address: SocketAddr,
    login: RequestTemplate,
    clients: usize,
    time: Duration,
) -> LoginLoad {
    let until = Instant::now() + time;
    let mut all = JoinSet::new();
    for _ in 0..clients {
        let login = login.clone();
        all.spawn_local(async move {
            let (mut logins, mut connection) = (LoginLoad::default(), None);
            while Instant::now() < until {
                let started = Instant::now();
                let answer = send(&mut connection, address, &login).await;
                let succeeded = answer.as_ref().is_ok_and(StatusCode::is_success);
                let answer = answer.map_or_else(|why| why.to_string(), |status| status.to_string());
                *logins.answers.entry(answer).or_default() += 1;
                if succeeded {
                    logins.latencies.push(started.elapsed());
                } else {
                    sleep(RETRY_INTERVAL).await;
                }
            }
            logins
        });
    }
    let mut total = LoginLoad::default();
    for one in all.join_all().await {
        for (answer, count) in one.answers {
            *total.answers.entry(answer).or_default() += count;
        }
        total.latencies.extend(one.latencies);
    }
    total
}
