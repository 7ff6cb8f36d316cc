//! A stand-in for a model server: chat completions at a given pace. The name of the model is its pace in words per second, 0 for as
//! fast as possible.

use crate::failure::Failure;
use actix_web::web::{Bytes, Json};
use actix_web::{App, HttpResponse, HttpServer, web};
use clap::Args;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

/// The number of words, where the request does not name another.
const DEFAULT_WORDS: u32 = 100;
/// Longer than clients keep their connections.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const DONE: &str = "data: [DONE]\n\n";

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The address on which it listens.
    listen: String,
}

/// A completion under way.
struct Completion {
    started: Instant,
    pace: u32,
    said: u32,
    words: u32,
    is_over: bool,
}

/// Serves until it is killed.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", options.listen));
    let server = HttpServer::new(|| {
        App::new()
            .route("/readyz", web::get().to(HttpResponse::Ok))
            .route("/v1/chat/completions", web::post().to(complete))
    });
    server
        .workers(1)
        .tcp_nodelay(true)
        .keep_alive(KEEP_ALIVE)
        .bind(&options.listen)
        .map_err(failed)?
        .run()
        .await
        .map_err(failed)?;
    Ok(true)
}

async fn complete(request: Json<Value>) -> HttpResponse {
    let pace = request.get("model").and_then(Value::as_str).and_then(|name| name.parse().ok());
    let Some(pace) = pace else {
        return HttpResponse::NotFound().json(json!({"error": {"message": "no such model"}}));
    };
    let words = request.get("max_tokens").and_then(Value::as_u64).and_then(|most| u32::try_from(most).ok());
    let words = words.unwrap_or(DEFAULT_WORDS);
    let completion = Completion { started: Instant::now(), pace, said: 0, words, is_over: false };
    HttpResponse::Ok().content_type("text/event-stream").streaming(completion.into_stream())
}

impl Completion {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        unfold(self, |mut completion| async move {
            let event = completion.next().await?;
            Some((Ok(event), completion))
        })
    }

    /// The next event: a word when it is due, and the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.said == self.words {
            let is_over = std::mem::replace(&mut self.is_over, true);
            return (!is_over).then(|| Bytes::from(format!("{}{DONE}", self.last_chunk())));
        }
        match self.pace {
            0 => yield_now().await,
            pace => sleep_until(self.started + Duration::from_secs(self.said.into()) / pace).await,
        }
        self.said += 1;
        let delta = json!({"content": format!("word{} ", self.said % 10)});
        Some(chunk(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})).into())
    }

    fn last_chunk(&self) -> String {
        let usage = json!({"prompt_tokens": 10, "completion_tokens": self.words});
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage});
        chunk(&end)
    }
}

fn chunk(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;

    #[tokio::test(start_paused = true)]
    async fn words_come_at_their_pace_and_then_the_end() {
        let started = Instant::now();
        let completion = Completion { started, pace: 10, said: 0, words: 3, is_over: false };

        let events: Vec<_> = completion.into_stream().map(|event| event.unwrap()).collect().await;

        assert_eq!(events.len(), 4);
        assert!(events[0].starts_with(b"data: {\"choices\":"), "{events:?}");
        assert!(events[3].ends_with(DONE.as_bytes()), "{events:?}");
        assert_eq!(started.elapsed().as_millis(), 200);
    }
}
