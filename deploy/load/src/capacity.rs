//! The requests of a load, and the capacity for them.

use crate::connection::RequestTemplate;
use crate::figures::rate;
use crate::generator::closed_loop;
use crate::traffic::{Failure, Traffic};
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
/// The life of the token of the stand-in.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Who is asked for what.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// Where the gateway is, such as <http://127.0.0.1:8000>; its host must be an address.
    base: Url,
    /// What is asked for.
    #[arg(long, value_enum, default_value_t = Kind::Reads)]
    kind: Kind,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Pages of messages.
    Reads,
    /// New messages.
    Appends,
    /// What `upstream` answers, with a token that `SECRET_KEY` makes.
    StandIn,
}

/// The highest goodput that was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peak {
    /// Answers a second.
    pub(crate) goodput: f64,
    /// With how many connections that was.
    pub(crate) connections: usize,
}

impl Target {
    /// Where the gateway is.
    pub(crate) fn base(&self) -> Url {
        self.base.clone()
    }

    /// The address of the gateway.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        let address = self.base.socket_addrs(|| None).ok().and_then(|addresses| addresses.first().copied());
        address.ok_or_else(|| Failure::new(format!("{} has no address", self.base)))
    }

    /// Prepares chats and the templates of requests.
    pub(crate) async fn templates(&self) -> Result<Vec<RequestTemplate>, Failure> {
        if self.kind == Kind::StandIn {
            return Ok(vec![RequestTemplate::get("/api/v1/chats/get-chat", &stand_in_token()?)?]);
        }
        let traffic = Traffic::prepare(self.base.clone()).await?;
        let template = |chat: &String| match self.kind {
            Kind::Appends => {
                let message = json!({"chat_id": chat, "question": "How old?", "response": "Centuries."});
                RequestTemplate::post("/api/v1/messages/add-message", traffic.token(), message.to_string())
            }
            Kind::Reads | Kind::StandIn => {
                let path = format!("/api/v1/messages/get-messages?limit=10&chat_id={chat}");
                RequestTemplate::get(&path, traffic.token())
            }
        };
        traffic.chats().iter().map(template).collect()
    }
}

/// A token for a user whom no service knows.
pub(crate) fn stand_in_token() -> Result<String, Failure> {
    let keys = TokenKeys::from_env(&Env::of_process(), Clock::system());
    let keys = keys.map_err(|error| Failure::new(error.to_string()))?;
    keys.issue_access(UserId::generate(), TOKEN_LIFE).map_err(|_| Failure::new("no token could be made"))
}

/// Finds the highest goodput in closed loops of rising numbers of connections.
pub(crate) async fn find(address: SocketAddr, templates: &[RequestTemplate]) -> Peak {
    let mut peak = Peak { goodput: 0.0, connections: 0 };
    for connections in CONNECTIONS {
        let answered = closed_loop(address, templates, connections, STEP_DURATION).await;
        let goodput = rate(answered.len(), STEP_DURATION);
        if goodput > peak.goodput {
            peak = Peak { goodput, connections };
        }
    }
    peak
}
