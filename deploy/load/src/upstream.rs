//! A stand-in for a service of fixed capacity: while it is busy, requests wait in an unbounded queue.

use crate::traffic::Failure;
use actix_web::web::{Data, Payload};
use actix_web::{App, HttpResponse, HttpServer, web};
use clap::Args;
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// What every answer says: 267 bytes, as long as that of a chat.
const BODY: &str = concat!(
    r#"[{"chat_id":"019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21","account_id":"019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d22","#,
    r#""chat_type":"personal","name":"A chat of the stand-in","created_at":"2026-01-01T00:00:00.000000Z","#,
    r#""updated_at":"2026-01-01T00:00:00.000000Z","active":true}]"#
);

/// How many connections may wait to be taken.
const BACKLOG: u32 = 8192;
/// Longer than the gateway keeps a connection to use it again.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Where it listens.
    listen: String,
    /// How many requests it works on at once.
    #[arg(long, default_value_t = 20)]
    at_once: usize,
    /// How long it works on one, in milliseconds.
    #[arg(long, default_value_t = 20)]
    takes_ms: u64,
    /// How long it waits before it reads a body, in milliseconds.
    #[arg(long, default_value_t = 0)]
    reads_after_ms: u64,
}

struct Service {
    at_once: Semaphore,
    takes: Duration,
    reads_after: Duration,
}

/// Serves until it is killed.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", options.listen));
    let service = Data::new(Service {
        at_once: Semaphore::new(options.at_once),
        takes: Duration::from_millis(options.takes_ms),
        reads_after: Duration::from_millis(options.reads_after_ms),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .route("/livez", web::get().to(HttpResponse::Ok))
            .route("/readyz", web::get().to(HttpResponse::Ok))
            .default_service(web::to(work))
    });
    let server =
        server.workers(1).backlog(BACKLOG).keep_alive(KEEP_ALIVE).bind(&options.listen).map_err(failed)?;
    server.run().await.map_err(failed)?;
    Ok(true)
}

async fn work(service: Data<Service>, mut body: Payload) -> HttpResponse {
    sleep(service.reads_after).await;
    while let Some(piece) = body.next().await {
        if piece.is_err() {
            return HttpResponse::BadRequest().finish();
        }
    }
    let Ok(_turn) = service.at_once.acquire().await else {
        return HttpResponse::ServiceUnavailable().finish();
    };
    sleep(service.takes).await;
    HttpResponse::Ok().content_type("application/json").body(BODY)
}
