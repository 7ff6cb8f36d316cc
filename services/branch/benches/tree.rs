//! What has to be flat: a message appended to a long line, a fork of it and a page of it cost what they cost on a short
//! one; a page and a fork deep in a branch of branches cost what they cost near the trunk.
//!
//! `cargo bench -p branch --bench tree`, on SQLite, or on the PostgreSQL of `TEST_DATABASE_URL`. It speaks HTTP to a
//! running service. Sizes alternate within one run, because machines are noisy; each figure is the median of 500 after
//! 50 to warm up.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench ends where something is amiss")]

use branch::config::{Config, Database};
use branch::startup;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::{ChatId, UserId};
use shared::test_kit::{Answer, Running, TestClient, TestDatabase, any_port, token_keys};
use std::time::{Duration, Instant};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const WARM_UP: usize = 50;
const ROUNDS: usize = 500;
const SHORT_LINE: usize = 100;
const LONG_LINE: usize = 10_000;
const PAGE: usize = 50;
const NEAR: usize = 10;
const DEEP: usize = 1_000;

struct Bench {
    client: TestClient,
}

/// A place in a tree at which things are measured.
struct Place {
    chat: String,
    branch: String,
    /// A response in the middle of the branch's line.
    middle: Value,
}

impl Bench {
    async fn append(&self, branch: &str) -> Value {
        let body = json!({"chat_id": branch, "question": "How tall?", "response": "Thirty metres."});
        self.client.post("/api/v1/messages/add-message", &body).await.expect(201).json()["response_id"]
            .clone()
    }

    async fn fork(&self, chat: &str, response: &Value) -> String {
        let body = json!({"original_chat_id": chat, "branch_from_response_id": response});
        let branch = self.client.post("/api/v1/branches/create-branch", &body).await.expect(201).json();
        branch["branch_id"].as_str().unwrap().to_owned()
    }

    async fn page(&self, branch: &str) -> Answer {
        self.client
            .get(&format!("/api/v1/messages/get-messages?chat_id={branch}&limit={PAGE}"))
            .await
            .expect(200)
    }

    /// One line of so many messages.
    async fn line(&self, length: usize) -> Place {
        let chat = ChatId::generate().to_string();
        let mut responses = Vec::new();
        for _ in 0..length {
            responses.push(self.append(&chat).await);
        }
        Place { branch: chat.clone(), chat, middle: responses[length / 2].clone() }
    }

    /// A branch of a branch of a branch, each with one message of its own, on a trunk that fills a page by itself:
    /// a page has 50 messages wherever it is read.
    async fn nest(&self, depth: usize) -> Place {
        let Place { chat, .. } = self.line(PAGE).await;
        let mut branch = chat.clone();
        let mut responses = Vec::new();
        for _ in 0..depth {
            responses.push(self.append(&branch).await);
            branch = self.fork(&chat, responses.last().unwrap()).await;
        }
        responses.push(self.append(&branch).await);
        Place { chat, branch, middle: responses[depth / 2].clone() }
    }

    /// Times an operation at two places in turn, and prints the medians and their ratio.
    async fn compare<F>(&self, name: &str, places: [(&str, &Place); 2], operation: F)
    where
        F: AsyncFn(&Self, &Place),
    {
        let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
        for round in 0..WARM_UP + ROUNDS {
            for (times, (_, place)) in times.iter_mut().zip(places) {
                let begun = Instant::now();
                operation(self, place).await;
                if round >= WARM_UP {
                    times.push(begun.elapsed());
                }
            }
        }
        let [small, large] = times.map(|mut times| {
            times.sort_unstable();
            times[ROUNDS / 2].as_secs_f64() * 1e3
        });
        let [(at_small, _), (at_large, _)] = places;
        println!(
            "{name:<16} {at_small:>14} {small:>8.3} ms {at_large:>14} {large:>8.3} ms   ratio {:.2}",
            large / small
        );
    }
}

async fn run() {
    let user = UserId::generate();
    let chat = MockServer::start().await;
    let owned = move |request: &Request| {
        let id = request.url.path().rsplit('/').next().unwrap_or_default().to_owned();
        let created_at = "2026-01-31T12:00:00.000000Z";
        ResponseTemplate::new(200).set_body_json(
            json!({"chat_id": id, "account_id": user, "created_at": created_at, "deleted": false}),
        )
    };
    Mock::given(any()).respond_with(owned).mount(&chat).await;
    let database = TestDatabase::create().await;
    let engine = if matches!(database, TestDatabase::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
    let config = Config {
        listen: any_port(),
        keys: token_keys(&Clock::system()),
        database: Database::Sql(database.url("branch")),
        chat: chat.uri().parse().unwrap(),
        clock: Clock::system(),
    };
    let service = Running::start(startup::build(config).await.unwrap());
    let bench = Bench { client: TestClient::new(service.url()).as_user(user) };

    let (short, long) = (bench.line(SHORT_LINE).await, bench.line(LONG_LINE).await);
    let (near, deep) = (bench.nest(NEAR).await, bench.nest(DEEP).await);
    println!("{engine}: median of {ROUNDS} after {WARM_UP}, through HTTP");
    let lines = [("100 messages", &short), ("10000 messages", &long)];
    bench.compare("page of 50", lines, async |bench, at| drop(bench.page(&at.branch).await)).await;
    bench.compare("append", lines, async |bench, at| drop(bench.append(&at.branch).await)).await;
    bench.compare("fork", lines, async |bench, at| drop(bench.fork(&at.chat, &at.middle).await)).await;
    let nests = [("fork depth 10", &near), ("1000", &deep)];
    bench.compare("page of 50", nests, async |bench, at| drop(bench.page(&at.branch).await)).await;
    bench.compare("append", nests, async |bench, at| drop(bench.append(&at.branch).await)).await;
    bench.compare("fork", nests, async |bench, at| drop(bench.fork(&at.branch, &at.middle).await)).await;
}

fn main() {
    // `cargo test --benches` starts this, too, and wants to hear only that it can be started.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}
