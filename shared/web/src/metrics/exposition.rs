//! The exposition of metrics, on a port apart from the API's, so that only monitoring reaches them.

use super::recorder::Recorder;
use crate::problem::Problem;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use prometheus_client::encoding::text;
use shared::env::ConfigError;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::Arc;

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn bind(address: &str) -> Result<(TcpListener, SocketAddr), ConfigError> {
    let listener = TcpListener::bind(address).map_err(|error| failed(address, &error))?;
    let address = listener.local_addr().map_err(|error| failed(address, &error))?;
    Ok((listener, address))
}

/// Validates an address without binding it.
pub(super) fn check(address: &str) -> Result<(), ConfigError> {
    address.to_socket_addrs().map(drop).map_err(|error| failed(address, &error))
}

pub(super) fn serve(listener: TcpListener, recorder: &Arc<Recorder>) -> Result<(), ConfigError> {
    let data = Data::from(Arc::clone(recorder));
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).route("/metrics", web::get().to(get_metrics))
    });
    let server = server.workers(1).disable_signals().listen(listener);
    let server = server.map_err(|error| failed(&recorder.address.to_string(), &error))?;
    drop(tokio::spawn(server.run()));
    Ok(())
}

async fn get_metrics(recorder: Data<Recorder>) -> Result<HttpResponse, Problem> {
    recorder.async_callbacks.read().await;
    let mut page = String::new();
    text::encode(&mut page, &recorder.registry).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).body(page))
}

fn failed(address: &str, error: &io::Error) -> ConfigError {
    let expected = "an address and a port that is free, such as 0.0.0.0:9464";
    ConfigError::new("METRICS_ADDR", format!("cannot listen on {address}: {error}; expected {expected}"))
}
