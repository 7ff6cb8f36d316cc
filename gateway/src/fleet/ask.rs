//! Questions of the gateway's own to one replica, each over a connection of its own.

use super::{Origin, connect};
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Request, StatusCode, Uri};
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
    let mut question = Request::new(String::new());
    *question.uri_mut() = Uri::from_static(path);
    question.headers_mut().insert(HOST, origin.header.clone());
    question.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let (mut sender, work) = connect(address, origin, patience).await?;
    let answer = sender.send_request(question);
    tokio::pin!(answer);
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = work => answer.await,
    };
    answer.map(|answer| answer.status()).map_err(io::Error::other)
}
