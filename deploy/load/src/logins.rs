//! Readers beside many concurrent logins.

use crate::connection::{RequestTemplate, send};
use crate::figures::{Report, ms, percentile};
use crate::probe::{self, Readers};
use crate::traffic::{Failure, Traffic};
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
    /// How many log in at once, each again when they have.
    #[arg(long, default_value_t = 64)]
    logins: usize,
}

#[derive(Debug, Default)]
struct LoginLoad {
    answers: BTreeMap<String, usize>,
    took: Vec<Duration>,
}

/// Whether the p99 of the readers stays low. Refused logins are retried.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let address = options.reads.target.address()?;
    let readers = Readers::prepare(&options.reads).await?;
    let traffic = Traffic::prepare(options.reads.target.base()).await?;
    let login = RequestTemplate::post("/api/v1/auth/login", "", traffic.user().to_string())?;
    let mut report = Report::new();
    report.tell(&format!("{} reads/s alone", options.reads.rate), readers.read(ALONE_DURATION).await?.tell());
    let logins = spawn_local(logins(address, login, options.logins, TOGETHER_DURATION));
    let beside = readers.read(TOGETHER_DURATION).await?;
    report.tell(&format!("beside {} logins at once", options.logins), beside.tell());
    let logins = logins.await.map_err(|error| Failure::new(error.to_string()))?;
    let [half, most] = [50, 100].map(|percent| ms(percentile(&logins.took, percent)));
    report.tell("logins", format!("{:?}, p50 {half}, at most {most}", logins.answers));
    let p99 = beside.p99();
    report.hold("p99 of the reads", ms(p99), "100 ms", p99 <= Duration::from_millis(100));
    Ok(report.is_well())
}

async fn logins(address: SocketAddr, login: RequestTemplate, people: usize, time: Duration) -> LoginLoad {
    let until = Instant::now() + time;
    let mut all = JoinSet::new();
    for _ in 0..people {
        let login = login.clone();
        all.spawn_local(async move {
            let (mut logins, mut connection) = (LoginLoad::default(), None);
            while Instant::now() < until {
                let begun = Instant::now();
                let answer = send(&mut connection, address, &login).await;
                let is_in = answer.as_ref().is_ok_and(StatusCode::is_success);
                let answer = answer.map_or_else(|why| why.to_string(), |status| status.to_string());
                *logins.answers.entry(answer).or_default() += 1;
                if is_in {
                    logins.took.push(begun.elapsed());
                } else {
                    sleep(RETRY_INTERVAL).await;
                }
            }
            logins
        });
    }
    let mut sum = LoginLoad::default();
    for one in all.join_all().await {
        for (answer, count) in one.answers {
            *sum.answers.entry(answer).or_default() += count;
        }
        sum.took.extend(one.took);
    }
    sum
}
