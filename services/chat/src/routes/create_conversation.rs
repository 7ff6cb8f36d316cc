//! `POST /conversations/`

use super::conversation_view::ConversationView;
use super::get_chat::own_chat;
use crate::current_user::CurrentUser;
use crate::domain::{AccountRef, Name};
use crate::error::Error;
use crate::state::State;
use crate::store::{self, Conversation};
use actix_web::web::Data;
use shared::idempotency::Created;
use shared::ids::{BranchId, ChatId, UserId};
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::idempotency::{CreatedResponse, IdempotencyHeader, Keyed};
use shared_web::input::{Body, InSequence, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// Where the record leads, and what it is called.
    pub struct ConversationCreation in body {
        /// A chat of the caller's
        required chat_id: ChatId,
        /// 1 to 200 characters; left out, the chat's name
        #[schema(example = "Where the banyan comes in")]
        optional name: Name,
        /// A branch of the chat; left out, the active one
        optional branch_id: BranchId,
        /// The caller's own id or name, where it is sent at all
        #[schema(example = "ann@example.org")]
        optional account_id: AccountRef,
    }
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES);
    Error::Forbidden, Error::ChatNotFound, Error::BranchNotFound, Error::ConversationNotFound, Error::KeyReused
}

/// Create a conversation record
///
/// It is a named entry point into a chat.
///
/// With an `Idempotency-Key` the same request can be sent again and again, and creates once.
#[utoipa::path(
    post, path = "/api/v1/conversations", tag = "conversations", request_body = ConversationCreation,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The record", body = ConversationView,
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn create_conversation(
    state: Data<State>,
    trace: Trace,
    InSequence(CurrentUser(user), Input { body, .. }): InSequence<
        CurrentUser,
        Body<Keyed<ConversationCreation>>,
    >,
) -> Result<CreatedResponse<ConversationView>, Error> {
    let (key, new) = (body.key(user, "conversations"), body.request);
    let retention = state.undo_window.retention();
    if let Some(key) = &key
        && let Some(made) =
            store::replay_conversation(&state.store, key, state.clock.now(), retention).await?
    {
        return Ok(CreatedResponse::of(Created::replayed(made)));
    }
    if let Some(account) = &new.account_id {
        check_account(&state, user, account, &trace).await?;
    }
    let chat = own_chat(&state, user, new.chat_id).await?;
    let branch = state.branches.find(user, chat.id, new.branch_id, &trace).await?;
    let not_found = if new.branch_id.is_some() { Error::BranchNotFound } else { Error::ChatNotFound };
    let branch = branch.ok_or(not_found)?;
    let name = new.name.map_or(chat.name, Name::into_string);
    let _lock = state.chat_locks.acquire(chat.id).await?;
    let record = Conversation::new(user, chat.id, branch, name, key, state.clock.now());
    Ok(CreatedResponse::of(store::create_conversation(&state.store, record, retention).await?))
}

/// Checks that the account that the request names is the caller's. Auth is asked only if it is not the id.
async fn check_account(
    state: &State,
    caller: UserId,
    account: &AccountRef,
    trace: &Trace,
) -> Result<(), Error> {
    if account.is_id(caller) {
        return Ok(());
    }
    let name = account.name().ok_or(Error::Forbidden)?;
    let caller_name = state.users.login_name_if_matches(caller, name, trace).await?;
    // An older auth service ignores the question and returns the name of the user.
    if caller_name.is_some_and(|name| account.is_name(&name)) { Ok(()) } else { Err(Error::Forbidden) }
}
