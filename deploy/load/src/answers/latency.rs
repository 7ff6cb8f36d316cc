//! The time to the first token and the throughput of one stream, beside those of the model server alone, in alternating rounds.

use super::asker::{Asker, stream_client};
use super::stream_timing::StreamTiming;
use crate::failure::Failure;
use crate::figures::{Report, median, ms, percentile};
use clap::Args;
use reqwest::header::CONNECTION;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::json;
use std::time::Duration;

/// Rounds before the measurement.
const WARM_UP_ROUNDS: u32 = 3;
/// The aims.
const MAX_ADDED_TIME: Duration = Duration::from_millis(25);
const MIN_THROUGHPUT_RATIO: f64 = 0.9;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The base URL of the gateway, such as <http://127.0.0.1:8000>.
    base: Url,
    /// The model's name in Banyan.
    #[arg(long)]
    model: String,
    /// The base URL of the model server, such as <http://127.0.0.1:8080/v1>. Without it the model is the built-in one, and there is
    /// nothing beside it: its first token is there at once.
    #[arg(long)]
    provider: Option<Url>,
    /// The model's name at the model server.
    #[arg(long, default_value = "default")]
    provider_model: String,
    /// The number of rounds.
    #[arg(long, default_value_t = 40)]
    rounds: u32,
    /// The tokens of a response.
    #[arg(long, default_value_t = 256)]
    tokens: u32,
    /// The throughput is printed, and has no aim: for a pace that no model has.
    #[arg(long)]
    without_throughput_aim: bool,
}

/// The streams of one side.
#[derive(Debug, Default)]
struct Side {
    timings: Vec<StreamTiming>,
}

/// Runs the load. Returns whether the aims are reached.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let http = stream_client()?;
    let asker = Asker::register(&http, &options.base).await?;
    let (mut direct, mut banyan) = (Side::default(), Side::default());
    for round in 0..WARM_UP_ROUNDS + options.rounds {
        // Each question is another one, so that neither side finds the prompt of the other in the server's cache.
        for side in [round % 2, 1 - round % 2] {
            let question = format!("{}{} Tell me what a banyan is.", directive(options), round * 2 + side);
            let request = if side == 0 {
                let Some(request) = direct_request(options, &http, &question)? else { continue };
                request
            } else {
                gateway_request(options, &asker, &question).await?
            };
            let (timing, _) = StreamTiming::measure(request).await?;
            if round >= WARM_UP_ROUNDS {
                let measured = if side == 0 { &mut direct } else { &mut banyan };
                measured.timings.push(timing);
            }
        }
    }
    Ok(report(options, &direct, &banyan))
}

/// The directive with which the built-in model says its words without pauses.
fn directive(options: &Options) -> &'static str {
    if options.provider.is_some() { "" } else { "[[delay:0]]" }
}

fn direct_request(
    options: &Options,
    http: &Client,
    question: &str,
) -> Result<Option<RequestBuilder>, Failure> {
    let Some(provider) = &options.provider else { return Ok(None) };
    let url = format!("{}/chat/completions", provider.as_str().trim_end_matches('/'));
    let body = json!({
        "model": options.provider_model, "stream": true, "stream_options": {"include_usage": true},
        "max_tokens": options.tokens, "messages": [{"role": "user", "content": question}],
    });
    let url: Url = url.parse().map_err(|_| Failure::new(format!("{url} is no URL")))?;
    // Each on a connection of its own: llama.cpp closes one after a stream, though it says that it keeps it.
    Ok(Some(http.post(url).header(CONNECTION, "close").json(&body)))
}

/// A question in a new chat, as the model server has nothing before it either.
async fn gateway_request(
    options: &Options,
    asker: &Asker,
    question: &str,
) -> Result<RequestBuilder, Failure> {
    let chat = asker.create_chat().await?;
    asker.ask_and_follow(&json!({
        "chat_id": chat, "question": question, "model": options.model, "max_output_tokens": options.tokens,
    }))
}

fn report(options: &Options, direct: &Side, banyan: &Side) -> bool {
    let mut report = Report::new();
    if options.provider.is_some() {
        report.print("first token, the model server alone", direct.first_summary());
    }
    report.print("first token, through the gateway", banyan.first_summary());
    let added = banyan.first(50).saturating_sub(direct.first(50));
    report.check("  added (p50)", ms(added), "25 ms", added <= MAX_ADDED_TIME);
    if options.provider.is_some() {
        let (alone, through) = (direct.bytes_per_second(), banyan.bytes_per_second());
        report.print("text, the model server alone", format!("{alone:.0} bytes/s (p50)"));
        report.print("text, through the gateway", format!("{through:.0} bytes/s (p50)"));
        let part = through / alone.max(f64::EPSILON);
        if options.without_throughput_aim {
            report.print("  of the throughput alone", format!("{part:.2}"));
        } else {
            report.check(
                "  of the throughput alone",
                format!("{part:.2}"),
                "0.9",
                part >= MIN_THROUGHPUT_RATIO,
            );
        }
        let ends = [direct, banyan].map(|side| ms(side.last(50)));
        report.print("last token (p50), alone and through the gateway", ends.join(" and "));
    }
    report.has_passed()
}

impl Side {
    fn first(&self, percent: usize) -> Duration {
        percentile(&self.timings.iter().map(|timing| timing.first).collect::<Vec<_>>(), percent)
    }

    fn last(&self, percent: usize) -> Duration {
        percentile(&self.timings.iter().map(|timing| timing.last).collect::<Vec<_>>(), percent)
    }

    fn first_summary(&self) -> String {
        format!("p50 {}, p99 {}; {} streams", ms(self.first(50)), ms(self.first(99)), self.timings.len())
    }

    fn bytes_per_second(&self) -> f64 {
        median(self.timings.iter().filter_map(StreamTiming::bytes_per_second).collect())
    }
}
