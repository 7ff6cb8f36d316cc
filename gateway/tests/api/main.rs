//! The gateway, driven through HTTP, in front of services that the tests play.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod answer_service;
mod answers;
mod app;
mod authentication;
mod connections;
mod cors;
mod docs;
mod events;
mod failures;
mod forwarding;
mod gzip;
mod headers;
mod health;
mod methods;
mod metrics;
mod misbehaving;
mod openapi;
mod overload;
mod rates;
mod raw;
mod request_bodies;
mod request_ids;
mod routing;
mod security;
mod services;
mod session;
mod streams;
mod traces;
mod ui;
mod wire;
