//! A stand-in for a service of fixed capacity: while it is busy, requests wait in an unbounded queue.

use crate::failure::Failure;
use actix_web::web::{Data, Payload};
use actix_web::{App, HttpResponse, HttpServer, web};
use clap::Args;
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// The body of every response: 267 bytes, the size of a chat.
const BODY: &str = concat!(
    r#"[{"chat_id":"019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21","account_id":"019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d22","#,
    r#""chat_type":"personal","name":"A chat of the stand-in","created_at":"2026-01-01T00:00:00.000000Z","#,
    r#""updated_at":"2026-01-01T00:00:00.000000Z","active":true}]"#
);

/// The backlog of the listener.
const BACKLOG: u32 = 8192;
/// Longer than the idle time-out of the gateway's connection pool.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The address on which it listens.
    listen: String,
    /// The number of requests that it serves concurrently.
    #[arg(long, default_value_t = 20)]
    at_once: usize,
    /// The service time of a request, in milliseconds.
    #[arg(long, default_value_t = 20)]
    takes_ms: u64,
    /// The delay before it reads a body, in milliseconds.
    #[arg(long, default_value_t = 0)]
    reads_after_ms: u64,
}

struct StandIn {
    slots: Semaphore,
    service_time: Duration,
    read_delay: Duration,
}

/// Serves until it is killed.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", options.listen));
    let stand_in = Data::new(StandIn {
        slots: Semaphore::new(options.at_once),
        service_time: Duration::from_millis(options.takes_ms),
        read_delay: Duration::from_millis(options.reads_after_ms),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(stand_in.clone())
            .route("/livez", web::get().to(HttpResponse::Ok))
            .route("/readyz", web::get().to(HttpResponse::Ok))
            .default_service(web::to(respond))
    });
    let server =
        server.workers(1).backlog(BACKLOG).keep_alive(KEEP_ALIVE).bind(&options.listen).map_err(failed)?;
    server.run().await.map_err(failed)?;
    Ok(true)
}

async fn respond(stand_in: Data<StandIn>, mut body: Payload) -> HttpResponse {
    sleep(stand_in.read_delay).await;
    while let Some(piece) = body.next().await {
        if piece.is_err() {
            return HttpResponse::BadRequest().finish();
        }
    }
    let Ok(_slot) = stand_in.slots.acquire().await else {
        return HttpResponse::ServiceUnavailable().finish();
    };
    sleep(stand_in.service_time).await;
    HttpResponse::Ok().content_type("application/json").body(BODY)
}
