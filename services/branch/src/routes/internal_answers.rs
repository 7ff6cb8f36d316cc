//! `PUT /internal/answers/{response_id}` and `GET /internal/messages/{response_id}`, for the answer service.

use super::answer_service::AnswerService;
use super::get_message::MessagePath;
use super::message_view::{MessageFields, MessageView};
use crate::domain::{AnswerDetails, GenerationRecord, ItemList, Metadata, Placement, Question, Response};
use crate::error::Error;
use crate::state::State;
use crate::store::{AnswerRequest, MessageRequest};
use actix_web::web::{Data, Json};
use shared::ids::{BranchId, ResponseId, UserId};
use shared_web::input::Input;
use shared_web::telemetry::Trace;

shared_web::request! {
    /// An answer, as a model has ended it.
    pub struct StoredAnswer in body {
        /// The owner
        required owner: UserId,
        /// A chat's id, or that of a branch of it
        required chat_id: BranchId,
        /// The branch of this chat on whose line the parent lies
        required branch_id: BranchId,
        /// The response that it follows, null for one before the first
        required_nullable parent_response_id: ResponseId,
        /// At most 1 MiB
        required question: Question,
        /// At most 1 MiB
        required response: Response,
        /// Any JSON object of at most 16 KiB
        optional metadata: Metadata = Metadata::default(),
        /// A JSON object of at most 16 KiB
        required generation: GenerationRecord,
        /// A JSON array of at most 1 MiB
        optional input_items: ItemList,
        /// A JSON array of at most 1 MiB
        optional output_items: ItemList,
        /// `append` for the head of the branch while that is the parent, else as `fork`: a new branch at the parent
        required placement: Placement,
        /// Whether such a branch becomes the chat's active one; left out, it does not
        optional activate: bool = false,
    }
}

/// Stores an answer. Idempotent by its id: what is there already is returned as it is.
#[utoipa::path(put, path = "/internal/answers/{response_id}", params(MessagePath), request_body = StoredAnswer)]
pub async fn put_answer(
    _: AnswerService,
    state: Data<State>,
    trace: Trace,
    Input { path, body, .. }: Input<MessagePath, (), StoredAnswer>,
) -> Result<Json<MessageView>, Error> {
    let request = AnswerRequest {
        owner: body.owner,
        id: path.response_id,
        target: body.chat_id,
        branch: body.branch_id,
        parent: body.parent_response_id,
        question: body.question,
        response: body.response,
        metadata: body.metadata,
        details: AnswerDetails::new(body.generation, body.input_items, body.output_items),
        placement: body.placement,
        activate: body.activate,
    };
    let (owner, target) = (request.owner, request.target);
    let store = || state.store.store_answer(request.clone());
    Ok(Json(state.with_trunk(owner, target, &trace, store).await?.into()))
}

shared_web::request! {
    /// Whose message, and where it is read.
    pub struct OwnedMessageQuery in query {
        /// The owner
        required owner: UserId,
        /// The chat in which it is read, or a branch of that; left out, its own
        optional chat_id: BranchId,
    }
}

/// Reads one message with its items.
#[utoipa::path(get, path = "/internal/messages/{response_id}", params(MessagePath, OwnedMessageQuery))]
pub async fn get_message(
    _: AnswerService,
    state: Data<State>,
    trace: Trace,
    Input { path, query, .. }: Input<MessagePath, OwnedMessageQuery, ()>,
) -> Result<Json<MessageView>, Error> {
    let (owner, reading_chat) = (query.owner, query.chat_id);
    let request = MessageRequest { owner, message: path.response_id, reading_chat };
    let read = || state.store.read_message(request);
    let message = state.in_reading_chat(owner, reading_chat, &trace, read).await?;
    Ok(Json(MessageView::with(Some(MessageFields::Items), message.ok_or(Error::MessageNotFound)?)))
}
