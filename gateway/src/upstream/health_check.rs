//! Probes: requests of the gateway's own to one replica, each on a connection of its own.

use super::connect::connect;
use super::origin::Origin;
use actix_web::http::StatusCode;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// The status with which a replica answers GET of a path, within the time limit.
pub(super) async fn probe(
    address: SocketAddr,
    origin: &Origin,
    path: &'static str,
    limit: Duration,
) -> io::Result<StatusCode> {
    timeout(limit, get(address, origin, path, limit)).await?
}

async fn get(
    address: SocketAddr,
    origin: &Origin,
    path: &'static str,
    limit: Duration,
) -> io::Result<StatusCode> {
    let mut connection = connect(address, origin, limit).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", origin.host_header);
    connection.begin(request.as_bytes());
    poll_fn(|context| connection.poll_write(context)).await?;
    poll_fn(|context| connection.poll_head(context, false, |status, _| status)).await
}
