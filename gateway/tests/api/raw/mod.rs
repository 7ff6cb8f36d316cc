//! What no client of good will sends, byte by byte: a table of cases for each part of a message, and one way to try them.
//!
//! A case is followed by another request, `/smuggled`, in the same write and once more after the answer. It must never
//! reach a service where the case was refused, nor come to it as a part of what the case sent.

mod chunks;
mod framing;
mod heads;
mod hosts;
mod paths;
mod valid;

use crate::app::{TestGateway, authorization, spawn_before};
use crate::wire::{Wire, header, status, upstream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A request up to its first special header.
const POST: &str = "POST /api/v1/messages/add-message HTTP/1.1\r\nHost: a\r\n";
const GET: &str = "GET /api/v1/chats/get-chat HTTP/1.1\r\n";

/// The bytes that a client sends, and their outcome.
struct Case {
    /// The section of the RFC by which it is judged.
    rfc: &'static str,
    name: &'static str,
    sent: String,
    outcome: Outcome,
}

/// The outcome of a case.
#[derive(Clone, Copy)]
enum Outcome {
    /// The client is answered this status, nothing that follows is a request, and no service hears of it.
    Refused(u16),
    /// The fault comes in the body: it is a 400, the connection is closed, and no service takes the body for complete.
    CutOff,
    /// The body lacks its end, which the client says by closing its side: it has left, and no service takes the body for complete.
    Unfinished,
    /// A service hears of it as one request with this body, and what follows is a request of its own.
    Served(&'static str),
    /// As [`Outcome::Served`], but what follows was a part of it.
    Swallowed(&'static str),
    /// As [`Outcome::Served`], but the connection closes after the answer, which says so.
    Last(&'static str),
}

/// What a service has received on one connection.
#[derive(Debug)]
struct ReceivedRequest {
    head: String,
    /// Without its framing; `None` where it ended early.
    body: Option<String>,
    /// After the end of the request.
    rest: String,
}

/// Tries the cases of a table one after the other.
async fn try_all(cases: impl IntoIterator<Item = Case>) {
    let (sender, mut received) = unbounded_channel();
    let service = upstream(move |mut wire| {
        let sender = sender.clone();
        async move {
            let Some(head) = wire.try_until("\r\n\r\n").await else { return };
            let body = body(&mut wire, &head).await;
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine";
            wire.try_say(answer.as_bytes()).await;
            let rest = wire.rest().await;
            let rest = if body.is_some() { rest } else { String::new() };
            sender.send(ReceivedRequest { head, body, rest }).unwrap();
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut faults = Vec::new();
    let mut count = 0;
    for case in cases {
        count += 1;
        let title = format!("{}, {}", case.rfc, case.name);
        let answered = check_responses(&gateway, &case).await;
        let reached = check_service(&gateway, case.outcome, &mut received).await;
        faults.extend(answered.err().map(|fault| format!("{title}: the client {fault}")));
        faults.extend(reached.err().map(|fault| format!("{title}: the service {fault}")));
    }
    assert!(count > 0 && faults.is_empty(), "{}", faults.join("\n"));
}

/// The body of a request, without its framing; `None` where it ends early.
pub async fn body(wire: &mut Wire, head: &str) -> Option<String> {
    if header(head, "transfer-encoding").is_none() {
        let length = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
        return wire.try_bytes(length).await.map(|body| String::from_utf8(body).unwrap());
    }
    let mut body = String::new();
    loop {
        let size = wire.try_until("\r\n").await?;
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let chunk = wire.try_bytes(size + 2).await?;
        if size == 0 {
            return Some(body);
        }
        body.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
    }
}

/// Sends a case with another request behind it, and checks the responses.
async fn check_responses(gateway: &TestGateway, case: &Case) -> Result<(), String> {
    let smuggled = format!("GET /api/v1/chats/smuggled HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization());
    let sent = case.sent.replace("{auth}", &authorization());
    let mut wire = gateway.wire().await;
    wire.try_say(format!("{sent}{smuggled}").as_bytes()).await;
    if let Outcome::Unfinished = case.outcome {
        wire.try_finish().await;
    }
    let expected = case.outcome.statuses();
    let mut statuses = Vec::new();
    while statuses.len() < expected.len()
        && let Some(head) = wire.try_until("\r\n\r\n").await
    {
        wire.try_bytes(header(&head, "content-length").map_or(0, |length| length.parse().unwrap())).await;
        statuses.push(status(&head));
        let is_last = header(&head, "connection") == Some("close");
        if is_last != matches!(case.outcome, Outcome::Refused(_) | Outcome::CutOff | Outcome::Last(_))
            && status(&head) != 400
        {
            return Err(format!("was told: {head:?}"));
        }
    }
    if let Outcome::Refused(_) = case.outcome {
        wire.try_say(smuggled.as_bytes()).await;
    }
    // It ends by itself where it is cut off.
    if !matches!(case.outcome, Outcome::CutOff) {
        wire.try_finish().await;
    }
    let rest = wire.rest().await;
    if statuses == expected && rest.is_empty() {
        Ok(())
    } else {
        Err(format!("was answered {statuses:?} and {rest:?}"))
    }
}

impl Outcome {
    /// The statuses that the client is sent.
    fn statuses(self) -> Vec<u16> {
        match self {
            Self::Refused(status) => vec![status],
            Self::CutOff => vec![400],
            Self::Unfinished => vec![],
            Self::Served(_) => vec![200, 200],
            Self::Swallowed(_) | Self::Last(_) => vec![200],
        }
    }
}

/// Checks what the service received of a case.
async fn check_service(
    gateway: &TestGateway,
    outcome: Outcome,
    received: &mut UnboundedReceiver<ReceivedRequest>,
) -> Result<(), String> {
    // The last that the service hears of, so that nothing is missed that came before.
    gateway.user().get("/api/v1/chats/last").await.expect(200);
    let mut all = Vec::new();
    loop {
        let next = received.recv().await.unwrap();
        if next.head.starts_with("GET /api/v1/chats/last ") {
            break;
        }
        all.push(next);
    }
    let bodies: Vec<_> = all.iter().map(|request| request.body.as_deref()).collect();
    let is_expected = match outcome {
        Outcome::Refused(_) => all.is_empty(),
        // It may be broken off before any of it was sent.
        Outcome::CutOff | Outcome::Unfinished => all.is_empty() || bodies == [None],
        Outcome::Served(body) => bodies == [Some(body), Some("")],
        Outcome::Swallowed(body) | Outcome::Last(body) => bodies == [Some(body)],
    };
    let smuggled = all.iter().position(|request| request.head.contains("/smuggled"));
    let is_separate = smuggled == matches!(outcome, Outcome::Served(_)).then_some(1);
    let is_alone = all.iter().all(|request| request.rest.is_empty());
    if is_expected && is_separate && is_alone {
        Ok(())
    } else {
        Err(format!(
            "heard {:?}",
            all.iter()
                .map(|request| (request.head.lines().next(), &request.body, &request.rest))
                .collect::<Vec<_>>()
        ))
    }
}

/// A case of a POST with these special headers and this body.
fn post(rfc: &'static str, name: &'static str, headers: &str, body: &str, outcome: Outcome) -> Case {
    Case { rfc, name, sent: format!("{POST}{{auth}}{headers}\r\n{body}"), outcome }
}

/// A case of a GET with these headers.
fn get(rfc: &'static str, name: &'static str, headers: &str, outcome: Outcome) -> Case {
    Case { rfc, name, sent: format!("{GET}{{auth}}{headers}\r\n"), outcome }
}
