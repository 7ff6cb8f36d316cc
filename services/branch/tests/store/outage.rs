//! The server of MongoDB is gone for a while.

use crate::kit::Kit;
use branch::error::Error;
use shared_store::StoreError;
use shared_test_kit::TcpProxy;
use std::time::{Duration, Instant};

pub async fn without_its_server_the_store_is_unavailable_and_then_comes_back(kit: &Kit) {
    let chat = kit.chat().await;
    let (mut way, through) = TcpProxy::disconnected(&kit.mongo_url().unwrap()).await;
    way.reconnect().await;
    let through = format!("{through}?directConnection=true");
    let cut_off = chat.through(&kit.replica_by(through).await);
    cut_off.say(chat.trunk(), "1").await;
    way.disconnect();
    let begun = Instant::now();
    for _ in 0..2 {
        let answer = cut_off.store.append(chat.message(chat.trunk(), "lost, perhaps")).await;
        assert!(matches!(answer, Err(Error::Store(StoreError::Unavailable(_)))), "{answer:?}");
        let read = cut_off.store.read_page(&chat.page(chat.trunk())).await;
        assert!(matches!(read, Err(Error::Store(StoreError::Unavailable(_)))), "{read:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(25));
    chat.say(chat.trunk(), "2").await;
    way.reconnect().await;
    cut_off.say(chat.trunk(), "3").await;
    let line = chat.line(chat.trunk()).await;
    let answered: Vec<_> = line.iter().filter(|question| !question.starts_with("lost")).collect();
    assert_eq!(answered, ["1", "2", "3"]);
}
