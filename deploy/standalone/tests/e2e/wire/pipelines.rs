//! Six users who pipeline at once, each on connections of his own: every answer is framed strictly, in its turn, and holds the
//! user's own ids alone.
//!
//! `WIRE_ANSWERS` says how many answers are read in all; see this crate's README.

use super::person::{Ids, Person};
use super::spawn_unlimited;
use futures_util::future::join_all;
use reqwest::Url;
use shared::env::Env;
use shared_test_kit::RawClient;
use std::time::Instant;

const USERS: [&str; 6] = ["ann", "bob", "cyd", "dan", "eve", "fay"];
/// How many requests are sent at once, in turn.
const BATCHES: [usize; 8] = [1, 2, 3, 5, 8, 13, 21, 34];
/// How many answers are read on a connection before it is closed and another is made.
const ANSWERS_PER_CONNECTION: usize = 500;
/// How many answers are read in all where nothing else is said.
const ANSWERS: usize = 6_000;

/// A request, and the status and a part of the answer.
struct Question {
    sent: String,
    is_head: bool,
    status: u16,
    part: String,
}

/// The `n`th question of a user: one in eleven writes, one is HEAD, and the others read more or less.
fn question(person: &Person, n: usize) -> Question {
    let (chat, id, name) = (&person.chat, &person.user.id, person.name);
    let get = |path: String, part: &str| {
        let sent = format!("GET /api/v1{path} HTTP/1.1\r\nHost: a\r\n{}\r\n", person.authorization());
        Question { sent, is_head: false, status: 200, part: part.to_owned() }
    };
    match n % 11 {
        0 => {
            let part = format!(r#""question":"{name}""#);
            Question { sent: person.append_request(), is_head: false, status: 201, part }
        }
        1 | 2 => get(format!("/chats/get-chat/{chat}"), &format!(r#""account_id":"{id}""#)),
        3 => get("/chats/get-chat".to_owned(), &format!(r#"[{{"chat_id":"{chat}""#)),
        4 => get("/auth/me".to_owned(), id),
        5 | 6 => get(format!("/messages/get-messages?chat_id={chat}&limit={}", 1 + n % 97), chat),
        7 => get(format!("/messages/all-messages?limit={}", 1 + n % 13), chat),
        8 => {
            get(format!("/branches/get-branches?chat_id={chat}"), &format!(r#""active_branch_id":"{chat}""#))
        }
        9 => {
            let question = get("/auth/me".to_owned(), "");
            Question { sent: question.sent.replacen("GET", "HEAD", 1), is_head: true, ..question }
        }
        _ => {
            let question = get("/chats/get-chat/none".to_owned(), "validation_error");
            Question { status: 422, ..question }
        }
    }
}

/// Has a user read so many answers, on two connections at a time.
async fn pipeline(url: &Url, person: &mut Person, answers: usize) -> Result<usize, String> {
    let (mut read, mut n) = (0, 0);
    while read < answers {
        let mut clients = [RawClient::connect(url).await, RawClient::connect(url).await];
        let until = (read + ANSWERS_PER_CONNECTION).min(answers);
        while read < until {
            let mut sent: [Vec<Question>; 2] = [Vec::new(), Vec::new()];
            for (client, batch) in clients.iter_mut().zip(&mut sent) {
                let size = BATCHES[n % BATCHES.len()];
                batch.extend((n..n + size).map(|n| question(person, n)));
                n += size + 1;
                client.send(batch.iter().map(|question| question.sent.as_str()).collect::<String>()).await;
            }
            for (client, batch) in clients.iter_mut().zip(&sent) {
                for question in batch {
                    let answer = client.answer_to(question.is_head).await;
                    person.check_response(question.status, &answer)?;
                    let text = answer.map(|answer| answer.text()).unwrap_or_default();
                    if !text.contains(&question.part) {
                        return Err(format!("{} asked {:?} and is told {text}", person.name, question.sent));
                    }
                    read += 1;
                }
            }
        }
        for client in &mut clients {
            client.finish().await;
            let rest = client.rest().await;
            if !rest.is_empty() {
                return Err(format!("{} is told more: {:?}", person.name, String::from_utf8_lossy(&rest)));
            }
        }
    }
    Ok(read)
}

#[tokio::test]
async fn six_pipelining_users_get_their_own_responses_in_order() {
    let wanted = Env::of_process().or("WIRE_ANSWERS", "a number of answers", ANSWERS).unwrap();
    let (stack, ids) = (spawn_unlimited().await, Ids::default());
    let mut people = join_all(USERS.map(|name| Person::of(&stack, name, &ids))).await;
    let begun = Instant::now();
    let each = wanted.div_ceil(people.len());
    let results = join_all(people.iter_mut().map(|person| pipeline(&stack.url, person, each))).await;
    let results: Result<Vec<_>, _> = results.into_iter().collect();
    let answers: usize = results.unwrap().iter().sum();
    for person in &people {
        person.check_stored().await.unwrap();
    }
    assert!(answers >= wanted, "{answers}");
    let messages: usize = people.iter().map(|person| person.messages).sum();
    println!(
        "{answers} answers to {} users in {:.1?}, {messages} of them new messages",
        people.len(),
        begun.elapsed()
    );
}
