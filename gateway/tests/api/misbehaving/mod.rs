//! Services that break HTTP: what the user is told whose request was answered so, and that the next user is told what is his
//! and nothing else, over every connection that the gateway may have kept.
//!
//! Each case is tried on a new connection to the service, and on one that has served a request before.

mod endings;
mod heads;
mod interim;
mod lengths;
mod script;
mod service;
mod strays;
mod user;

use crate::app::{TestGateway, authorization, no_cache, spawn_before_with};
use futures_util::future::join_all;
use gateway::config::Timeouts;
use script::Script;
use serde_json::Value;
use service::Service;
use shared_test_kit::{RawAnswer, RawError};
use std::time::Duration;
use tokio::time::timeout;
use user::User;

/// A whole answer.
const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
/// What the next user must not be told.
const STRAY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";

/// How long a service may be silent in a hurried case.
const SHORT: Duration = Duration::from_secs(1);
/// For a case with all that is tried after it.
const CASE_TIMEOUT: Duration = Duration::from_secs(60);

/// The response that the user gets.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// Exactly this body, with 200.
    Whole(&'static str),
    /// This status, without a body.
    Bodiless(u16),
    /// A whole error of the gateway's own: 502, 503 or 504.
    Refused,
    /// The beginning of an answer at most, which visibly lacks its end; or else as [`Outcome::Refused`].
    Broken,
    /// RFC 9112 lets a recipient take it for this body, or refuse it.
    Either(&'static str),
    /// As [`Outcome::Either`], but the fault comes where the answer may have begun.
    Lenient(&'static str),
}

/// The kind of the user's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestKind {
    Get,
    Head,
    Post,
    /// POST with a body of which the end does not come.
    UnfinishedPost,
}

struct Case {
    name: &'static str,
    kind: RequestKind,
    script: Script,
    outcome: Outcome,
    has_short_timeouts: bool,
}

/// A case in which a GET gets this response.
fn get(name: &'static str, script: Script, outcome: Outcome) -> Case {
    Case { name, kind: RequestKind::Get, script, outcome, has_short_timeouts: false }
}

impl Case {
    fn with_kind(self, kind: RequestKind) -> Self {
        Self { kind, ..self }
    }

    /// The gateway waits for [`SHORT`] alone.
    fn with_short_timeouts(self) -> Self {
        Self { has_short_timeouts: true, ..self }
    }

    fn timeouts(&self) -> Timeouts {
        if self.has_short_timeouts {
            Timeouts { response_head: SHORT, response_body: SHORT, ..no_cache() }
        } else {
            no_cache()
        }
    }
}

async fn try_all(cases: impl IntoIterator<Item = Case>) {
    let tries = cases.into_iter().map(|case| tokio::spawn(try_named(case)));
    let tried = join_all(tries.collect::<Vec<_>>()).await;
    let faults: Vec<_> = tried.iter().filter_map(|tried| tried.as_ref().unwrap().as_ref().err()).collect();
    assert!(!tried.is_empty() && faults.is_empty(), "{faults:#?}");
}

async fn try_named(case: Case) -> Result<(), String> {
    let service = Service::start(&case.script).await;
    let gateway = spawn_before_with(&service.url, case.timeouts());
    for (is_kept, on) in [(false, "a new connection"), (true, "a connection that was kept")] {
        let tried = timeout(CASE_TIMEOUT, try_case(&case, &service, &gateway, is_kept)).await;
        let tried = tried.unwrap_or_else(|_| Err("it hangs".to_owned()));
        tried.map_err(|fault| format!("{}, {on}: {fault}", case.name))?;
    }
    Ok(())
}

async fn try_case(
    case: &Case,
    service: &Service,
    gateway: &TestGateway,
    is_kept: bool,
) -> Result<(), String> {
    service.reset();
    let mut one = User::new(gateway, "one").await;
    if is_kept {
        one.check_served("POST", service).await?;
    }
    one.request_poisoned(case.kind).await;
    let response = one.client.answer_to(case.kind == RequestKind::Head).await;
    let is_open =
        response.as_ref().is_ok_and(|answer| !answer.is_last()) && case.kind != RequestKind::UnfinishedPost;
    case.outcome.check(&response).map_err(|fault| format!("one {fault}"))?;
    service.finish_script().await;
    if is_open {
        one.wait_for_worker().await;
    }

    // The same connection is served by the same worker; and as many new ones are by all of them.
    let mut others = Vec::new();
    if is_open {
        others.push(User { name: "two", token: authorization(), ..one });
    } else {
        drop(one);
    }
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
        others.push(User::new(gateway, "two").await);
    }
    are_served(others, service).await
}

/// Each is served, and is sent nothing else.
async fn are_served(mut others: Vec<User>, service: &Service) -> Result<(), String> {
    for two in &mut others {
        // POST first: it is sent once, so that no second try hides what happened to the first.
        two.check_served("POST", service).await?;
        two.check_served("GET", service).await?;
        two.client.finish().await;
        let rest = two.client.rest().await;
        if !rest.is_empty() {
            return Err(format!("two heard more: {:?}", String::from_utf8_lossy(&rest)));
        }
    }
    Ok(())
}

impl Outcome {
    fn check(self, response: &Result<RawAnswer, RawError>) -> Result<(), String> {
        let is_refused = response.as_ref().is_ok_and(is_refusal);
        let is_broken = is_refused || matches!(response, Err(RawError::Ended | RawError::Incomplete(_)));
        let is_whole =
            |text: &str| response.as_ref().is_ok_and(|answer| answer.status == 200 && answer.text() == text);
        let fits = match self {
            Self::Whole(text) => is_whole(text),
            Self::Bodiless(status) => {
                response.as_ref().is_ok_and(|answer| answer.status == status && answer.body.is_empty())
            }
            Self::Refused => is_refused,
            Self::Broken => is_broken,
            Self::Either(text) => is_refused || is_whole(text),
            Self::Lenient(text) => is_broken || is_whole(text),
        };
        if fits { Ok(()) } else { Err(format!("was answered {response:?}, not {self:?}")) }
    }
}

/// Whether this is an error of the gateway's own, which says so.
fn is_refusal(answer: &RawAnswer) -> bool {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    matches!(answer.status, 502..=504)
        && matches!(body["code"].as_str(), Some("service_unavailable" | "upstream_timeout"))
        && body["request_id"].as_str() == answer.header("x-request-id")
}

/// The net that the cases are tried with catches what it is for: where the service goes on well, the next user is served on
/// the very connection that the first was.
#[tokio::test]
async fn the_next_user_is_served_on_the_same_connection() {
    let service = Service::start(&script::says(FINE)).await;
    let gateway = spawn_before_with(&service.url, no_cache());
    let mut one = User::new(&gateway, "one").await;
    let first = one.check_served("POST", &service).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
        let mut two = User::new(&gateway, "two").await;
        let answer = two.check_served("GET", &service).await.unwrap();
        others.push(answer.header("x-connection").unwrap().to_owned());
    }
    assert!(others.iter().any(|other| Some(other.as_str()) == first.header("x-connection")), "{others:?}");
}
