//! `GET /models/get-models`

use crate::models::Model;
use crate::state::State;
use actix_web::web::{Data, Json};
use serde::Serialize;
use shared_web::caller::Identity;
use shared_web::openapi::UserErrors;
use utoipa::ToSchema;

/// A model that answers questions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Model)]
pub struct ModelView {
    /// Its name
    #[schema(example = "banyan/echo")]
    model: String,
    /// The most tokens of a prompt and its response
    #[schema(example = 8192)]
    context_window: u32,
    /// The most tokens of a response; null where it is not limited by itself
    #[schema(required = true)]
    max_output_tokens: Option<u32>,
    /// Whether it takes images
    vision: bool,
    /// Whether it calls tools
    tools: bool,
    /// Whether it reasons before it answers
    reasoning: bool,
}

impl From<&Model> for ModelView {
    fn from(model: &Model) -> Self {
        Self {
            model: model.name.clone(),
            context_window: model.context_window,
            max_output_tokens: model.max_output_tokens,
            vision: model.vision,
            tools: model.tools,
            reasoning: model.reasoning,
        }
    }
}

/// List the models
///
/// Those that this deployment offers.
#[utoipa::path(
    get, path = "/api/v1/models/get-models", tag = "models",
    responses((status = 200, description = "The models", body = Vec<ModelView>), UserErrors)
)]
pub async fn get_models(_: Identity, state: Data<State>) -> Json<Vec<ModelView>> {
    Json(state.models.all().map(ModelView::from).collect())
}
