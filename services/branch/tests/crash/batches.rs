//! The number of commands that concurrent requests take, and the outcome of one whose answer is lost.

use crate::database_state::DatabaseState;
use crate::kit::{Chat, Engine, Kit, key};
use crate::wire::Wire;
use branch::domain::Message;
use branch::error::Error;
use branch::store::{ContentStore, EditRequest, ForkRequest, ListRequest};
use futures_util::future::join_all;
use reqwest::Url;
use shared::idempotency::Created;
use shared::ids::BranchId;
use shared_store::StoreError;
use shared_test_kit::TcpProxy;
use std::time::Duration;

const LINES: usize = 32;
const MESSAGES: usize = 16;

/// A wire to the server, and the URL of the kit's database on it.
async fn wire(kit: &Kit) -> (Wire, Url) {
    let mut url = kit.mongo_url().unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(27017));
    let wire = Wire::to(server).await;
    let (host, port) = wire.address.split_once(':').unwrap();
    url.set_host(Some(host)).unwrap();
    url.set_port(Some(port.parse().unwrap())).unwrap();
    url.set_query(Some("directConnection=true"));
    (wire, url)
}

/// A store that reaches its server by this wire.
async fn store_on_wire(kit: &Kit) -> (ContentStore, Wire) {
    let (wire, url) = wire(kit).await;
    (kit.replica_by(url.to_string()).await, wire)
}

/// A store that reaches its server by a proxy, and behind it by this wire.
async fn store_behind_proxy(kit: &Kit) -> (ContentStore, Wire, TcpProxy) {
    let (wire, url) = wire(kit).await;
    let (mut proxy, url) = TcpProxy::disconnected(&url).await;
    proxy.reconnect().await;
    (kit.replica_by(url.to_string()).await, wire, proxy)
}

/// Chats that are read and written through this store.
async fn chats(kit: &Kit, store: &ContentStore) -> Vec<Chat> {
    let mut chats = Vec::new();
    for _ in 0..LINES {
        chats.push(kit.chat().await.through(store));
    }
    chats
}

fn count(wire: &Wire, command: &str) -> usize {
    wire.log(|log| log.answered.iter().filter(|one| *one == command).count())
}

pub async fn lines_with_one_message_each_share_inserts() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire) = store_on_wire(&kit).await;
    let chats = chats(&kit, &store).await;
    wire.reset();
    let write = async |chat: &Chat| {
        for number in 0..MESSAGES {
            chat.say(chat.trunk(), &number.to_string()).await;
        }
    };
    join_all(chats.iter().map(write)).await;
    let inserts = count(&wire, "insert messages");
    // Each would be an insert of its own.
    assert!(4 * inserts < LINES * MESSAGES, "{inserts} inserts");
    for chat in &chats {
        assert_eq!(chat.line(chat.trunk()).await.len(), MESSAGES);
    }
}

pub async fn requests_for_many_chats_share_reads_and_activations() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire) = store_on_wire(&kit).await;
    let chats = chats(&kit, &store).await;
    let mut forks = Vec::new();
    for chat in &chats {
        let message = chat.say(chat.trunk(), "q").await;
        forks.push((chat, chat.fork(message.id).await));
    }
    wire.reset();
    let activate = async |(chat, fork): &(&Chat, BranchId)| {
        for _ in 0..MESSAGES {
            for branch in [chat.trunk(), *fork] {
                let activated = store.activate(chat.owner, chat.trunk(), branch).await;
                assert_eq!(activated.unwrap(), chat.id);
                assert_eq!(chat.node(chat.trunk()).await.unwrap().active, branch);
            }
        }
    };
    join_all(forks.iter().map(activate)).await;
    let (reads, updates) = (count(&wire, "find branches"), count(&wire, "update branches"));
    // Each would be an update of its own, after a read and before another one or two.
    let activations = LINES * MESSAGES * 2;
    assert!(2 * updates < activations && reads < activations, "{updates} updates, {reads} reads");
}

pub async fn a_chat_that_is_deleted_during_an_activation_is_not_found() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire) = store_on_wire(&kit).await;
    let chat = kit.chat().await;
    wire.reset();
    wire.hold("update branches");
    let delete = async {
        wire.wait(|log| log.held).await;
        kit.store.delete_chat(chat.owner, chat.id).await.unwrap();
        wire.release();
    };
    let activate = store.activate(chat.owner, chat.trunk(), chat.trunk());
    let (activated, ()) = futures_util::join!(activate, delete);
    assert!(matches!(activated, Err(Error::ChatNotFound)), "{activated:?}");
}

pub async fn a_fork_whose_activation_loses_its_answer_overrides_no_later_choice() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire, mut proxy) = store_behind_proxy(&kit).await;
    let chat = kit.chat().await;
    let message = chat.say(chat.trunk(), "q").await;
    let request = ForkRequest { activate: true, ..chat.branch(Some(message.id)) };
    wire.reset();
    wire.hold("update branches");
    let choose_another = async {
        wire.wait(|log| log.held).await;
        proxy.disconnect();
        wire.release();
        while chat.node(chat.trunk()).await.unwrap().active == chat.trunk() {
            tokio::task::yield_now().await;
        }
        kit.store.activate(chat.owner, chat.trunk(), chat.trunk()).await.unwrap();
        proxy.reconnect().await;
    };
    let (forked, ()) = futures_util::join!(store.fork(&request), choose_another);
    let forked = forked.unwrap().object;
    assert_eq!(forked.active, forked.branch.id);
    assert_eq!(chat.node(chat.trunk()).await.unwrap().active, chat.trunk());
}

pub async fn an_activation_whose_answer_is_lost_is_sent_again() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire, mut proxy) = store_behind_proxy(&kit).await;
    let chat = kit.chat().await;
    let fork = chat.fork(chat.say(chat.trunk(), "q").await.id).await;
    wire.reset();
    wire.hold("update branches");
    let break_connection = async {
        wire.wait(|log| log.held).await;
        proxy.disconnect();
        wire.release();
        proxy.reconnect().await;
    };
    let (activated, ()) =
        futures_util::join!(store.activate(chat.owner, chat.trunk(), fork), break_connection);
    activated.unwrap();
    assert_eq!(chat.node(chat.trunk()).await.unwrap().active, fork);
}

/// Edits a message through a store whose insert of the branch is held up, and does something else meanwhile.
async fn edit_while(
    chat: &Chat,
    (store, wire): (&ContentStore, &Wire),
    meanwhile: impl AsyncFnOnce(EditRequest),
) -> (EditRequest, Result<Created<Message>, Error>) {
    let message = chat.say(chat.trunk(), "q").await;
    let request = EditRequest { key: Some(key(1)), ..chat.regenerate(message.id) };
    wire.reset();
    wire.hold("insert branches");
    let meanwhile = async {
        wire.wait(|log| log.held).await;
        meanwhile(request.clone()).await;
        wire.release();
    };
    let (edited, ()) = futures_util::join!(store.edit_message(request.clone()), meanwhile);
    (request, edited)
}

pub async fn a_version_that_takes_too_long_is_refused_whole() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire) = store_on_wire(&kit).await;
    let chat = kit.chat().await;
    let is_alone = async || {
        let listed =
            kit.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap().items.len();
        (listed, chat.tree(chat.trunk()).await.len()) == (1, 1)
    };
    let sweep = async |_| {
        assert!(is_alone().await);
        kit.clock.advance(Duration::from_secs(60));
        kit.sweep().await;
    };
    let (request, edited) = edit_while(&chat, (&store, &wire), sweep).await;
    assert!(matches!(edited, Err(Error::Store(StoreError::Unavailable(_)))), "{edited:?}");
    assert!(is_alone().await);
    // The key is free.
    assert!(!store.edit_message(request).await.unwrap().replayed);
    let database = mongodb::Client::with_uri_str(kit.mongo_url().unwrap()).await.unwrap();
    kit.clock.advance(Duration::from_secs(25 * 60 * 60));
    kit.sweep().await;
    DatabaseState::of(&database.default_database().unwrap(), &chat.id.to_string()).await.is_clean();
}

pub async fn an_equal_request_finishes_a_version_that_is_under_way() {
    let kit = Kit::on(Engine::Mongo).await;
    let (store, wire) = store_on_wire(&kit).await;
    let chat = kit.chat().await;
    let finish = async |request| {
        let finished = kit.store.edit_message(request).await.unwrap();
        assert!(finished.replayed);
        assert_eq!(chat.line(finished.object.branch).await, ["q"]);
    };
    let (request, edited) = edit_while(&chat, (&store, &wire), finish).await;
    let edited = edited.unwrap();
    assert!(!edited.replayed);
    let again = kit.store.edit_message(request).await.unwrap();
    assert_eq!((again.replayed, again.object.id), (true, edited.object.id));
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
}
