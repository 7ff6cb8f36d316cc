//! Request bodies: streamed, bounded, and never cut short unnoticed.

mod bounds;
mod expect;
mod refusals;
mod streaming;

use crate::app::authorization;
use crate::wire::Wire;

const PATH: &str = "/api/v1/messages/add-message";

async fn post(wire: &mut Wire, headers: &str) {
    wire.say(&format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{}{headers}\r\n", authorization())).await;
}
