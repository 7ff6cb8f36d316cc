//! `POST /answers/create-answer`

use super::answer_view::AnswerView;
use super::asking::{NewQuestion, check_bytes};
use super::response::{created, wants_stream};
use crate::clients::{LinePlace, PlaceRequest};
use crate::domain::{
    InputItems, Instructions, MaxOutputTokens, ModelName, OnDisconnect, OnRunning, Placement, Question,
    RawObject, StopSequences, Temperature, ToolChoice, ToolList, TopP, Truncation,
};
use crate::error::Error;
use crate::provider::Parameters;
use crate::state::State;
use crate::store;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ResponseId, UserId};
use shared::validation::Reason;
use shared_web::body_limits::MAX_BODY_BYTES;
use shared_web::caller::Identity;
use shared_web::idempotency::{IdempotencyHeader, Keyed};
use shared_web::input::{Body, Input};
use shared_web::openapi::ErrorResponses;
use shared_web::telemetry::Trace;
use utoipa::ToSchema;

/// Null and absent differ.
type Nullable = Option<Option<ResponseId>>;

shared_web::request! {
    /// A question for a model.
    #[example({"chat_id": "019bd5f0-7c3a-7d52-9f0e-3b1c5a7e9d21", "question": "What is a banyan?"})]
    pub struct AnswerCreation in body {
        /// A chat's id, or a branch's
        required chat_id: BranchId,
        /// At most 1 MiB; not empty where there are no `input_items`
        #[schema(example = "What is a banyan?")]
        required question: Question,
        /// The branch that it goes to; left out, the one that `chat_id` names, or the chat's active branch
        optional branch_id: BranchId,
        /// The message before it, null for the start of the line; left out, the head. Below the head, the answer becomes a branch
        nullable parent_response_id: ResponseId as Nullable,
        /// The response that the client saw last on the branch, null where it saw an empty line; left out, nothing is checked
        nullable expected_head: ResponseId as Nullable,
        /// The model's name; left out, that of the chat's settings, or the deployment's default
        #[schema(example = "banyan/echo")]
        optional model: ModelName,
        /// What the model is told before the line, at most 16 KiB; left out, what the chat's settings have
        optional instructions: Instructions,
        /// Messages of chat completions that come before the question, such as results of tools: at most 1 MiB
        optional input_items: InputItems,
        /// From 0 to 2
        optional temperature: Temperature,
        /// From 0 to 1
        optional top_p: TopP,
        /// The most tokens of the response
        optional max_output_tokens: MaxOutputTokens,
        /// Up to 4 texts at which the model ends
        optional stop: StopSequences,
        /// The tools that the model may call, as chat completions have them; the client runs them
        optional tools: ToolList,
        /// `auto`, `none`, `required`, or the tool to call
        optional tool_choice: ToolChoice,
        /// The format of the response, as chat completions have it
        optional response_format: RawObject,
        /// What happens to a line that is too long for the model; left out, what the chat's settings have, or `auto`
        optional truncation: Truncation,
        /// What happens where an answer is under way at the head: `reject`, as when it is left out, for a 409, `fork` for a branch
        optional on_running: OnRunning = OnRunning::Reject,
        /// Whether it goes on when nobody listens: `continue`, as when it is left out, or `stop`, once there was no stream for 10 s
        optional on_disconnect: OnDisconnect = OnDisconnect::Continue,
        /// Whether a new branch becomes the chat's active one; left out, it does
        optional activate: bool = true,
    }
    check question(question, input_items): !question.0.is_empty() || input_items.is_some(),
        or Reason::value_error("question and input_items must not both be empty");
}

/// The error body of a 409: the one of every error, and what is in the way.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes what the errors are rendered as")]
pub struct AnswerConflict {
    /// What is wrong, for people
    detail: String,
    /// `answer_running` or `head_moved`
    #[schema(example = "answer_running")]
    code: String,
    /// As in `X-Request-Id`
    request_id: String,
    /// The answer that is under way, with `answer_running`
    #[schema(value_type = Option<Uuid>)]
    response_id: Option<ResponseId>,
    /// The current head, with `head_moved`; null while the line is empty
    #[schema(value_type = Option<Uuid>)]
    head_response_id: Option<ResponseId>,
}

shared_web::error_responses! {
    Errors: ErrorResponses::of_users().with_body(MAX_BODY_BYTES)
        .with_schema("answer_running", "AnswerConflict").with_schema("head_moved", "AnswerConflict");
    Error::ChatNotFound, Error::BranchNotFound, Error::MessageNotFound, Error::ModelNotFound,
    Error::AnswerRunning(ResponseId::generate()), Error::HeadMoved(None),
    Error::ContextTooLong, Error::UnsupportedInput, Error::KeyReused,
    Error::TooManyAnswers { retry_after: 1 }, Error::TooManyQuestions { retry_after: 1 }, Error::TooManyTokens { retry_after: 1 }
}

/// Ask a model
///
/// It answers in the background, whether or not anybody listens. The answer becomes a message at the end of the line when it has ended; if
/// something else was said there meanwhile, it becomes a branch. Until then it is found at `get-answer`, not at `get-message`.
///
/// With `Accept: text/event-stream` the response is the stream of its events, as at `stream-answer`. With an `Idempotency-Key` the same
/// request can be sent again and again, and asks once; it gets the same answer, or follows it.
#[utoipa::path(
    post, path = "/api/v1/answers/create-answer", tag = "answers", request_body = AnswerCreation,
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The answer, or its events", content((AnswerView = "application/json"), (String = "text/event-stream")),
         headers(("Idempotency-Replayed" = String, description = "`true` where it was there already"))),
        Errors
    )
)]
pub async fn create_answer(
    identity: Identity,
    state: Data<State>,
    trace: Trace,
    request: HttpRequest,
    Input { body, .. }: Body<Keyed<AnswerCreation>>,
) -> Result<HttpResponse, Error> {
    let (owner, streams) = (identity.user_id, wants_stream(request.headers()));
    let key = body.key(owner, "create-answer");
    if let Some(key) = &key
        && let Some(run) = store::replay(&state.store, key).await?
    {
        return created(&state, Created::replayed(run), streams, &trace).await;
    }
    let creation = body.request;
    check_bytes(
        &creation.question.0,
        creation.input_items.as_ref().map(|items| &items.0),
        state.question_bytes,
    )?;
    let place = PlaceRequest {
        owner,
        chat_id: creation.chat_id,
        branch_id: creation.branch_id,
        parent_response_id: creation.parent_response_id,
        expected_head: creation.expected_head,
    };
    let placed = state.branches.place(&place, &trace).await?;
    let run = state.ask(creation.at(owner, placed, key), &trace).await?;
    created(&state, run, streams, &trace).await
}

impl AnswerCreation {
    /// The question at its place.
    fn at(self, owner: UserId, placed: LinePlace, key: Option<IdempotencyKey>) -> NewQuestion {
        let parameters = self.parameters();
        NewQuestion {
            owner,
            chat_id: placed.chat_id,
            branch_id: placed.branch_id,
            parent_response_id: placed.parent_response_id,
            depth: placed.depth,
            placement: if placed.is_head { Placement::Append } else { Placement::Fork },
            forks_if_running: self.on_running == OnRunning::Fork,
            activate: self.activate,
            question: self.question.0,
            input_items: self.input_items.map(|items| items.0),
            model: self.model.map(|model| model.0),
            instructions: self.instructions.map(|instructions| instructions.0),
            truncation: self.truncation,
            parameters,
            stops_on_disconnect: self.on_disconnect == OnDisconnect::Stop,
            key,
        }
    }

    fn parameters(&self) -> Parameters {
        let values = [
            ("temperature", self.temperature.as_ref().map(|value| &value.0)),
            ("top_p", self.top_p.as_ref().map(|value| &value.0)),
            ("max_output_tokens", self.max_output_tokens.as_ref().map(|value| &value.0)),
            ("stop", self.stop.as_ref().map(|value| &value.0)),
            ("tools", self.tools.as_ref().map(|value| &value.0)),
            ("tool_choice", self.tool_choice.as_ref().map(|value| &value.0)),
            ("response_format", self.response_format.as_ref().map(|value| &value.0)),
        ];
        let named = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        // Each was checked when it came.
        serde_json::from_value(Value::Object(named.collect::<Map<_, _>>())).unwrap_or_default()
    }
}
