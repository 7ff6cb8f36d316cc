//! The address of the client.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use shared_web::client_network::ClientNetwork;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

/// Set by the gateway, which drops what the client sent. The service is not reachable otherwise.
const X_REAL_IP: &str = "x-real-ip";

/// The client's address from the gateway; without a gateway the peer's.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub ClientNetwork);

impl FromRequest for ClientAddress {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let told = request.headers().get(X_REAL_IP).and_then(|value| value.to_str().ok()?.parse().ok());
        let address = told.or_else(|| request.peer_addr().map(|peer| peer.ip()));
        ready(Ok(Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).into())))
    }
}
