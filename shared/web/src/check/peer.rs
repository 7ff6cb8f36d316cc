//! Checks of the services that a service calls: whether they respond, with the same key and the same time.

use crate::tokens::TokenKeys;
use chrono::{DateTime, Utc};
use reqwest::header::DATE;
use reqwest::{Method, Response, StatusCode, Url};
use shared::check::{Report, check_clock};
use shared::clock::{Clock, Timestamp};
use shared::error::causes;
use shared::http_client::http_client;
use shared::service::Service;

/// A called service.
#[derive(Debug, Clone)]
pub struct Peer<'a> {
    /// The caller.
    pub caller: Service,
    /// The called service.
    pub called: Service,
    /// The variable of its URL.
    pub variable: &'a str,
    /// Its URL.
    pub base: &'a Url,
}

/// An internal path of each service: a wrong method is a 405 once the token is accepted.
const fn internal_path(called: Service) -> Option<&'static str> {
    match called {
        Service::Auth => Some("/internal/users/00000000-0000-0000-0000-000000000000"),
        Service::Chat | Service::Branch => Some("/internal/chats/00000000-0000-0000-0000-000000000000"),
        Service::Answer => Some("/internal/accounts/00000000-0000-0000-0000-000000000000"),
        Service::Gateway => None,
    }
}

/// Checks that a service accepts a token of this one.
pub async fn check_peer(report: &mut Report, peer: Peer<'_>, keys: &TokenKeys) {
    let subject = peer.called.name();
    let clock = Clock::system();
    let before = clock.now();
    let answer = match ask(&peer, keys).await {
        Ok(answer) => answer,
        Err(error) => {
            let advice = format!("start it, or correct {}", peer.variable);
            return report.error(subject, format!("does not answer at {}: {error}", peer.base), advice);
        }
    };
    match answer.status() {
        StatusCode::UNAUTHORIZED => report.error(
            subject,
            format!("refuses our token at {}", peer.base),
            "give both the same SECRET_KEY, and see that their clocks agree",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            report.ok(subject, format!("answers at {} and has the same SECRET_KEY", peer.base));
        }
        status => {
            let advice = format!("see whether {} leads to the service {subject}", peer.variable);
            report.error(subject, format!("answers {status} at {}", peer.base), advice);
        }
    }
    if let Some(theirs) = date(&answer) {
        // `Date` has whole seconds.
        check_clock(report, subject, theirs, before.minus(std::time::Duration::from_secs(1)), clock.now());
    }
}

async fn ask(peer: &Peer<'_>, keys: &TokenKeys) -> Result<Response, String> {
    let path = internal_path(peer.called).ok_or("nobody calls it")?;
    let url = peer.base.join(path).map_err(|error| error.to_string())?;
    let token = keys.issue_for_service(peer.caller, peer.called).map_err(|error| error.to_string())?;
    let http = http_client().map_err(|error| causes(&error))?;
    let request = http.request(Method::OPTIONS, url).bearer_auth(token);
    request.send().await.map_err(|error| causes(&error.without_url()))
}

fn date(answer: &Response) -> Option<Timestamp> {
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    let date: DateTime<Utc> = DateTime::parse_from_rfc2822(date).ok()?.into();
    Timestamp::try_from(date).ok()
}
