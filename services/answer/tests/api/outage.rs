//! The database is gone for a while. Only PostgreSQL can be.

use crate::app::{chat, eventually, spawn_app_with, text};
use crate::events::{events, text_of};
use reqwest::Url;
use secrecy::ExposeSecret as _;
use shared_test_kit::{TcpProxy, TestClient, TestDatabase};

#[tokio::test]
async fn what_is_said_while_the_database_is_gone_is_written_when_it_is_back() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let url: Url = database.url("answer").expose_secret().parse().unwrap();
    let (mut proxy, url) = TcpProxy::disconnected(&url).await;
    proxy.reconnect().await;
    let app = spawn_app_with(|config| config.database = url.to_string().into()).await;
    let (ann, chat) = (app.user(), chat());
    let anyone = TestClient::new(app.service.url());
    let is_ready = async || anyone.get("/readyz").await.status.is_success();
    let id = ann.ask(&chat, "[[delay:20]][[repeat:60]] one two").await;
    ann.begun(&id).await;

    proxy.disconnect();
    eventually("the database is missed", async || !is_ready().await).await;
    proxy.reconnect().await;
    eventually("it is back", is_ready).await;

    let streamed = events(&ann.stream(&id, None).await.expect(200).text);
    let end = streamed.last().unwrap();
    assert_eq!((end.name.as_str(), text(&end.data["status"])), ("done", "completed"));
    assert_eq!(text_of(&streamed), text(&end.data["message"]["response"]));
    assert_eq!(text_of(&streamed).matches("two").count(), 60);
    let ids: Vec<_> = streamed.iter().map(|event| event.id).collect();
    assert_eq!(ids, (0..=end.id).collect::<Vec<_>>(), "without gaps, and none twice");
}
