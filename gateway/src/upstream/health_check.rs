//! Questions of the gateway's own to one replica, each over a connection of its own.

use super::origin::Origin;

use super::connect::connect;
use actix_web::http::StatusCode;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// The status with which a replica answers GET of a path, if it does so within the time `patience`.
pub(super) async fn ask(
    address: SocketAddr,
    origin: &Origin,
    path: &'static str,
    patience: Duration,
) -> io::Result<StatusCode> {
    timeout(patience, get(address, origin, path, patience)).await?
}

async fn get(
    address: SocketAddr,
    origin: &Origin,
    path: &'static str,
    patience: Duration,
) -> io::Result<StatusCode> {
    let mut connection = connect(address, origin, patience).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", origin.header);
    connection.begin(request.as_bytes());
    poll_fn(|context| connection.poll_write(context)).await?;
    poll_fn(|context| connection.poll_head(context, false, |status, _| status)).await
}
