//! Probes: requests of the gateway's own to one replica, each on a connection of its own.

use super::connect::connect;
use super::origin::Origin;
use actix_web::http::StatusCode;
use futures_util::future::{Either, select};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
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
    let stream = connect(address, origin, limit).await?;
    let (mut sender, driver) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let request = Request::get(path).header(HOST, &origin.host_header).header(CONNECTION, "close");
    let response = sender.send_request(request.body(String::new()).map_err(io::Error::other)?);
    let response = match select(pin!(response), driver).await {
        Either::Left((response, _)) => response,
        Either::Right((_, response)) => response.await,
    };
    let status = response.map_err(io::Error::other)?.status();
    StatusCode::from_u16(status.as_u16()).map_err(io::Error::other)
}
