//! The server of MongoDB is gone for a while.

use crate::kit::Kit;
use branch::error::Error;
use shared::store::StoreError;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A way to the server that can be cut.
struct Way {
    address: String,
    server: String,
    open: CancellationToken,
}

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let way = Self { address, server, open: CancellationToken::new() };
        way.serve(listener);
        way
    }

    fn serve(&self, listener: TcpListener) {
        let (server, closed) = (self.server.clone(), self.open.clone());
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Some(Ok((mut client, _))) = closed.run_until_cancelled(listener.accept()).await {
                let server = server.clone();
                connections.spawn(async move {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                });
            }
            connections.shutdown().await;
        });
    }

    fn cut(&self) {
        self.open.cancel();
    }

    async fn mend(&mut self) {
        let listener = loop {
            match TcpListener::bind(&self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        self.open = CancellationToken::new();
        self.serve(listener);
    }
}

pub async fn without_its_server_the_store_is_unavailable_and_then_comes_back(kit: &Kit) {
    let chat = kit.chat().await;
    let url = kit.mongo_url().unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(27017));
    let mut way = Way::to(server.clone()).await;
    let through = url.as_str().replacen(&server, &way.address, 1) + "?directConnection=true";
    let cut_off = chat.through(&kit.replica_by(through).await);
    cut_off.say(chat.trunk(), "1").await;
    way.cut();
    let begun = Instant::now();
    for _ in 0..2 {
        let answer = cut_off.store.append(&chat.message(chat.trunk(), "lost, perhaps")).await;
        assert!(matches!(answer, Err(Error::Store(StoreError::Unavailable(_)))), "{answer:?}");
        let read = cut_off.store.page(&chat.page(chat.trunk())).await;
        assert!(matches!(read, Err(Error::Store(StoreError::Unavailable(_)))), "{read:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(25));
    chat.say(chat.trunk(), "2").await;
    way.mend().await;
    cut_off.say(chat.trunk(), "3").await;
    let line = chat.line(chat.trunk()).await;
    let answered: Vec<_> = line.iter().filter(|question| !question.starts_with("lost")).collect();
    assert_eq!(answered, ["1", "2", "3"]);
}
