//! How many commands concurrent appends take.

use crate::kit::{Engine, Kit};
use crate::wire::Wire;
use futures_util::future::join_all;

const LINES: usize = 32;
const MESSAGES: usize = 16;

pub async fn lines_with_one_message_each_share_inserts() {
    let kit = Kit::on(Engine::Mongo).await;
    let mut url = kit.mongo_url().unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(27017));
    let wire = Wire::to(server).await;
    let (host, port) = wire.address.split_once(':').unwrap();
    url.set_host(Some(host)).unwrap();
    url.set_port(Some(port.parse().unwrap())).unwrap();
    url.set_query(Some("directConnection=true"));
    let store = kit.replica_by(url.to_string()).await;
    let mut chats = Vec::new();
    for _ in 0..LINES {
        chats.push(kit.chat().await.through(&store));
    }
    wire.reset();
    let write = async |chat: &crate::kit::Chat| {
        for number in 0..MESSAGES {
            chat.say(chat.trunk(), &number.to_string()).await;
        }
    };
    join_all(chats.iter().map(write)).await;
    let inserts = wire.log(|log| log.answered.iter().filter(|one| *one == "insert messages").count());
    // Each would be an insert of its own.
    assert!(4 * inserts < LINES * MESSAGES, "{inserts} inserts");
    for chat in &chats {
        assert_eq!(chat.line(chat.trunk()).await.len(), MESSAGES);
    }
}
