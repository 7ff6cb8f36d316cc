//! The requests of a load, and the capacity for them.

use crate::closed_loop::ClosedLoop;
use crate::connection::{RequestTemplate, socket_address};
use crate::failure::Failure;
use crate::traffic::Traffic;
use clap::{Args, ValueEnum};
use reqwest::Url;
use serde_json::json;
use shared::clock::Clock;
use shared::env::Env;
use shared::ids::UserId;
use shared_web::tokens::TokenKeys;
use std::net::SocketAddr;
use std::time::Duration;

/// The numbers of connections that are tried, and for how long each.
const CONNECTIONS: [usize; 5] = [8, 16, 32, 64, 128];
const STEP_DURATION: Duration = Duration::from_secs(2);
/// The lifetime of the token for the stand-in.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// The gateway under load, and the kind of the requests.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The base URL of the gateway, such as <http://127.0.0.1:8000>; its host must be an IP address.
    base: Url,
    /// The kind of the requests.
    #[arg(long, value_enum, default_value_t = RequestKind::Reads)]
    kind: RequestKind,
}

/// The kind of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RequestKind {
    /// Pages of messages.
    Reads,
    /// New messages.
    Appends,
    /// Requests to the stand-in `upstream`, with a token that is signed with `SECRET_KEY`.
    StandIn,
}

/// The highest goodput that was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peak {
    /// Successful responses per second.
    pub(crate) goodput: f64,
    /// The number of connections at which it was measured.
    pub(crate) connections: usize,
}

impl Target {
    /// The base URL of the gateway.
    pub(crate) fn base(&self) -> Url {
        self.base.clone()
    }

    /// The address of the gateway.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        socket_address(&self.base)
    }

    /// Prepares chats and the templates of requests.
    pub(crate) async fn templates(&self) -> Result<Vec<RequestTemplate>, Failure> {
        if self.kind == RequestKind::StandIn {
            return Ok(vec![RequestTemplate::get("/api/v1/chats/get-chat", &stand_in_token()?)?]);
        }
        let traffic = Traffic::prepare(self.base.clone()).await?;
        let template = |chat: &String| match self.kind {
            RequestKind::Appends => {
                let message = json!({"chat_id": chat, "question": "How old?", "response": "Centuries."});
                RequestTemplate::post("/api/v1/messages/add-message", traffic.token(), message.to_string())
            }
            RequestKind::Reads | RequestKind::StandIn => {
                let path = format!("/api/v1/messages/get-messages?limit=10&chat_id={chat}");
                RequestTemplate::get(&path, traffic.token())
            }
        };
        traffic.chats().iter().map(template).collect()
    }
}

/// A token of a user that does not exist.
pub(crate) fn stand_in_token() -> Result<String, Failure> {
    let keys = TokenKeys::from_env(&Env::of_process(), Clock::system());
    let keys = keys.map_err(|error| Failure::new(error.to_string()))?;
    keys.issue_access(UserId::generate(), TOKEN_LIFETIME).map_err(|_| Failure::new("no token could be made"))
}

/// Finds the highest goodput in closed loops of rising numbers of connections.
pub(crate) async fn find_peak(address: SocketAddr, templates: &[RequestTemplate]) -> Peak {
    let mut peak = Peak { goodput: 0.0, connections: 0 };
    for connections in CONNECTIONS {
        let clients = (0..connections).map(|number| rotated(templates, number)).collect();
        let goodput = ClosedLoop::new(address, clients).run(STEP_DURATION).await.goodput();
        if goodput > peak.goodput {
            peak = Peak { goodput, connections };
        }
    }
    peak
}

/// The same templates, from this one on.
fn rotated(templates: &[RequestTemplate], first: usize) -> Vec<RequestTemplate> {
    templates.iter().cycle().skip(first).take(templates.len()).cloned().collect()
}
