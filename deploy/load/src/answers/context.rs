//! The time to the first token on lines of different lengths: the line is read from its end until the model's window is full.

use super::asker::{Asker, stream_client};
use super::stream_timing::StreamTiming;
use crate::connection::{RequestTemplate, send, socket_address};
use crate::failure::Failure;
use crate::figures::{Report, ms, percentile};
use clap::Args;
use futures_util::future::join_all;
use reqwest::Url;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// The connections on which a line is written.
const WRITER_CONNECTIONS: usize = 8;
/// The window of the built-in model is full with fewer than a hundred of these.
const QUESTION_BYTES: usize = 200;
const RESPONSE_BYTES: usize = 1_000;
/// Rounds before the measurement.
const WARM_UP_ROUNDS: u32 = 3;
/// The most that the longest line may take, to the shortest.
const MAX_RATIO: f64 = 1.5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The base URL of the gateway, such as <http://127.0.0.1:8000>; its host must be an IP address.
    base: Url,
    /// The lengths of the lines.
    #[arg(long, value_delimiter = ',', default_value = "100,10000,100000")]
    messages: Vec<usize>,
    /// The number of rounds.
    #[arg(long, default_value_t = 40)]
    rounds: u32,
}

/// A line, and what was measured on it.
struct Line {
    messages: usize,
    /// None for a line that is new in each round.
    chat: Option<String>,
    first: Vec<Duration>,
    /// The messages that did not fit, the last time.
    dropped: i64,
}

/// Runs the load. Returns whether a long line takes as long as a short one.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let asker = Asker::register(&stream_client()?, &options.base).await?;
    let mut lines = vec![Line { messages: 0, chat: None, first: Vec::new(), dropped: 0 }];
    let report = Report::new();
    for &messages in &options.messages {
        let started = Instant::now();
        let chat = asker.create_chat().await?;
        write_line(socket_address(&options.base)?, &asker, &chat, messages).await?;
        report.print(&format!("{messages} messages are written"), ms(started.elapsed()));
        lines.push(Line { messages, chat: Some(chat), first: Vec::new(), dropped: 0 });
    }
    for round in 0..WARM_UP_ROUNDS + options.rounds {
        // Lengths alternate, as machines are noisy.
        for line in &mut lines {
            line.ask(&asker, round >= WARM_UP_ROUNDS).await?;
        }
    }
    Ok(report_lines(report, &lines))
}

/// Appends messages to a line.
async fn write_line(address: SocketAddr, asker: &Asker, chat: &str, messages: usize) -> Result<(), Failure> {
    let text = |bytes| {
        "A fig that lets roots down from its branches. ".chars().cycle().take(bytes).collect::<String>()
    };
    let message =
        json!({"chat_id": chat, "question": text(QUESTION_BYTES), "response": text(RESPONSE_BYTES)});
    let message = RequestTemplate::post("/api/v1/messages/add-message", asker.token(), message.to_string())?;
    let writers = (0..WRITER_CONNECTIONS).map(|writer| {
        let (message, count) = (&message, (messages + writer) / WRITER_CONNECTIONS);
        async move {
            let mut connection = None;
            for _ in 0..count {
                let status = send(&mut connection, address, message).await;
                let status = status.map_err(|error| Failure::new(error.to_string()))?;
                if !status.is_success() {
                    return Err(Failure::new(format!("a message is not written: {status}")));
                }
            }
            Ok(())
        }
    });
    join_all(writers).await.into_iter().collect()
}

impl Line {
    async fn ask(&mut self, asker: &Asker, is_measured: bool) -> Result<(), Failure> {
        let chat = match &self.chat {
            Some(chat) => chat.clone(),
            None => asker.create_chat().await?,
        };
        let question =
            json!({"chat_id": chat, "question": "[[delay:0]] What is it?", "model": "banyan/echo"});
        let (timing, end) = StreamTiming::measure(asker.ask_and_follow(&question)?).await?;
        if is_measured {
            self.first.push(timing.first);
            let dropped = end.data.pointer("/message/generation/dropped_messages").and_then(Value::as_i64);
            self.dropped = dropped.ok_or_else(|| Failure::new("an answer does not say what was dropped"))?;
        }
        Ok(())
    }
}

fn report_lines(mut report: Report, lines: &[Line]) -> bool {
    for line in lines {
        let [p50, p99] = [50, 99].map(|percent| ms(percentile(&line.first, percent)));
        let figure = format!("p50 {p50}, p99 {p99}; {} left out", line.dropped);
        report.print(&format!("first token after {} messages", line.messages), figure);
    }
    let p50 = |line: Option<&Line>| percentile(line.map_or(&[][..], |line| &line.first), 50);
    let ratio = crate::figures::ratio(p50(lines.last()), p50(lines.get(1)));
    report.check(
        "  the longest line to the shortest (p50)",
        format!("{ratio:.2} times"),
        "1.5 times",
        ratio <= MAX_RATIO,
    );
    report.has_passed()
}
