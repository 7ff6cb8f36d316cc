//! A case: the bytes that are sent, and their outcome.

use super::person::Person;
use reqwest::Url;
use shared_test_kit::{RawAnswer, RawClient, RawError};

/// The outcome of a case, and of another user's request behind it on the same connection.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    /// It is answered so, and what is behind it is answered as if it stood alone.
    Answered(u16),
    /// It is answered so, and the connection ends: what is behind it is not answered.
    Last(u16),
    /// Its body is longer than it says, so that what is left of it begins a request that is none: it is answered so, and the
    /// rest is refused, or the connection ends.
    TooMuch(u16),
    /// The fault is in the body: it is answered 400, and the connection ends.
    CutOff,
    /// The end of the body does not come, which the client says by ending its side: the connection ends without an answer.
    Unfinished,
}

pub struct Case {
    pub name: String,
    sent: String,
    outcome: Outcome,
}

/// A request as it is.
pub fn raw(name: impl Into<String>, sent: impl Into<String>, outcome: Outcome) -> Case {
    Case { name: name.into(), sent: sent.into(), outcome }
}

/// GET of the user's chats, with these fields, each with the end of its line.
pub fn get(name: &str, user: &Person, fields: &str, outcome: Outcome) -> Case {
    let authorization = user.authorization();
    raw(name, format!("GET /api/v1/chats/get-chat HTTP/1.1\r\n{authorization}{fields}\r\n"), outcome)
}

/// POST of a message, with these fields and this body.
pub fn post(name: &str, user: &Person, fields: &str, body: &str, outcome: Outcome) -> Case {
    let authorization = user.authorization();
    let line = "POST /api/v1/messages/add-message HTTP/1.1\r\nHost: a\r\n";
    raw(name, format!("{line}{authorization}{fields}\r\n{body}"), outcome)
}

/// Sends a case with a request of Ann's behind it, and has both others ask beside it.
pub async fn try_case(
    url: &Url,
    case: &Case,
    mallory: &mut Person,
    [ann, bob]: &mut [Person; 2],
) -> Result<(), String> {
    let mut client = RawClient::connect(url).await;
    client.send(format!("{}{}", case.sent, ann.read_request())).await;
    if matches!(case.outcome, Outcome::Unfinished) {
        client.finish().await;
    }
    check_outcome(&mut client, case.outcome, mallory, ann).await?;
    for person in [ann, bob] {
        person.request(person.read_request(), 200).await?;
        person.request(person.append_request(), 201).await?;
        person.request(person.read_request(), 200).await?;
    }
    Ok(())
}

async fn check_outcome(
    client: &mut RawClient,
    outcome: Outcome,
    mallory: &mut Person,
    ann: &mut Person,
) -> Result<(), String> {
    match outcome {
        Outcome::Answered(status) => {
            mallory.check_response(status, &next(client).await)?;
            ann.check_response(200, &next(client).await).map_err(|fault| format!("behind it, {fault}"))?;
            expect_end(client).await
        }
        Outcome::Last(status) => {
            mallory.check_response(status, &next(client).await)?;
            expect_end(client).await
        }
        Outcome::TooMuch(status) => {
            mallory.check_response(status, &next(client).await)?;
            expect_rest_refused(client, mallory).await
        }
        Outcome::CutOff => {
            mallory.check_response(400, &next(client).await)?;
            expect_end(client).await
        }
        Outcome::Unfinished => match next(client).await {
            Err(RawError::Ended) => Ok(()),
            answer => Err(format!("it is answered: {answer:?}")),
        },
    }
}

/// What is left begins a request that is none, or has a method that there is not.
async fn expect_rest_refused(client: &mut RawClient, mallory: &mut Person) -> Result<(), String> {
    match next(client).await {
        Err(RawError::Ended) => Ok(()),
        answer => {
            let is_unknown = answer.as_ref().is_ok_and(|answer| answer.status == 501);
            mallory.check_response(if is_unknown { 501 } else { 400 }, &answer)?;
            expect_end(client).await
        }
    }
}

/// The next answer that is not an interim one.
async fn next(client: &mut RawClient) -> Result<RawAnswer, RawError> {
    loop {
        let answer = client.answer().await?;
        if answer.status >= 200 {
            return Ok(answer);
        }
    }
}

/// Nothing more is answered.
async fn expect_end(client: &mut RawClient) -> Result<(), String> {
    client.finish().await;
    let rest = client.rest().await;
    if rest.is_empty() {
        Ok(())
    } else {
        Err(format!("more is answered: {:?}", String::from_utf8_lossy(&rest)))
    }
}
