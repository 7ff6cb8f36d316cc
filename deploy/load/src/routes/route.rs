//! The routes under load, and their requests.

use super::chats::BenchUser;
use super::side::Side;
use crate::connection::RequestTemplate;
use crate::failure::Failure;
use clap::ValueEnum;
use futures_util::future::try_join_all;
use serde_json::json;
use std::fmt;

/// The chats of a user who lists them.
const LISTED_CHATS: usize = 100;
/// The messages of a chat from which branches fork.
const FORKED_MESSAGES: usize = 20;
/// The messages of a chat that is read, and those of a page.
const LINE_MESSAGES: usize = 40;
const PAGE_MESSAGES: usize = 20;

/// The requests of each client, which it sends in turn.
pub(crate) type ClientTemplates = Vec<Vec<RequestTemplate>>;

/// A route, and the data that its requests find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Route {
    /// A new chat.
    CreateChat,
    /// The list of 100 chats.
    GetChat,
    /// A new message, each client in a chat of its own.
    AddMessage,
    /// A new message, all clients in one chat.
    AddMessageHot,
    /// A new branch, each client in a chat of its own.
    CreateBranch,
    /// The list of 5 branches.
    GetBranches,
    /// The list of 1,000 branches, all clients of one chat.
    #[value(name = "get-branches-1000")]
    GetBranches1000,
    /// The other of two branches becomes active, each client in a chat of its own.
    SetActiveBranch,
    /// A page of 20 messages, each client in a chat of its own.
    GetMessages,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value();
        f.pad(name.as_ref().map_or("", |name| name.get_name()))
    }
}

impl Route {
    /// Whether requests change nothing, so that all rounds may use the same data.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::GetChat | Self::GetBranches | Self::GetBranches1000 | Self::GetMessages)
    }

    /// Whether all clients use the chat of one user.
    fn is_shared(self) -> bool {
        matches!(self, Self::AddMessageHot | Self::GetBranches1000)
    }

    /// Whether the route is measured at this number of clients. One client on a hot chat is one client on its own chat.
    pub(crate) fn has_cell(self, clients: usize) -> bool {
        self != Self::AddMessageHot || clients > 1
    }

    /// Creates users with new chats. Returns the requests of each client.
    pub(crate) async fn prepare(self, side: &Side, clients: usize) -> Result<ClientTemplates, Failure> {
        if self.is_shared() {
            return Ok(vec![self.prepare_client(side).await?; clients]);
        }
        try_join_all((0..clients).map(|_| self.prepare_client(side))).await
    }

    async fn prepare_client(self, side: &Side) -> Result<Vec<RequestTemplate>, Failure> {
        let user = BenchUser::register(side).await?;
        match self {
            Self::CreateChat => {
                let chat = json!({"name": "Routes"}).to_string();
                Ok(vec![RequestTemplate::post("/api/v1/chats/create-chat", user.token(), chat)?])
            }
            Self::GetChat => {
                for _ in 0..LISTED_CHATS {
                    user.create_chat().await?;
                }
                Ok(vec![RequestTemplate::get("/api/v1/chats/get-chat", user.token())?])
            }
            Self::AddMessage | Self::AddMessageHot => {
                let message = user.create_chat().await?.message().to_string();
                Ok(vec![RequestTemplate::post("/api/v1/messages/add-message", user.token(), message)?])
            }
            Self::CreateBranch => fork_requests(&user).await,
            Self::GetBranches => branch_list(&user, 5).await,
            Self::GetBranches1000 => branch_list(&user, 1000).await,
            Self::SetActiveBranch => activations(&user).await,
            Self::GetMessages => {
                let chat = user.create_chat().await?;
                user.append(&chat, LINE_MESSAGES).await?;
                let path = format!("/api/v1/messages/get-messages?limit={PAGE_MESSAGES}&chat_id={}", chat.id);
                Ok(vec![RequestTemplate::get(&path, user.token())?])
            }
        }
    }
}

/// Forks from each message of a chat in turn.
async fn fork_requests(user: &BenchUser) -> Result<Vec<RequestTemplate>, Failure> {
    let chat = user.create_chat().await?;
    let messages = user.append(&chat, FORKED_MESSAGES).await?;
    let request = |message: &String| {
        RequestTemplate::post("/api/v1/branches/create-branch", user.token(), chat.fork(message).to_string())
    };
    messages.iter().map(request).collect()
}

async fn branch_list(user: &BenchUser, forks: usize) -> Result<Vec<RequestTemplate>, Failure> {
    let chat = user.create_chat().await?;
    user.grow_tree(&chat, forks).await?;
    let path = format!("/api/v1/branches/get-branches?chat_id={}", chat.id);
    Ok(vec![RequestTemplate::get(&path, user.token())?])
}

/// Activates a fork and the trunk in turn, so that each request changes something.
async fn activations(user: &BenchUser) -> Result<Vec<RequestTemplate>, Failure> {
    let chat = user.create_chat().await?;
    let branches = user.grow_tree(&chat, 1).await?;
    let request = |branch: &String| {
        let body = json!({"chat_id": chat.id, "branch_id": branch}).to_string();
        RequestTemplate::put("/api/v1/branches/set-active-branch", user.token(), body)
    };
    branches.iter().chain([&chat.id]).map(request).collect()
}
