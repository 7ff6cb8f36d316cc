//! The context of a run: the line is read downwards until it is full, so that a long line costs no more than a short one.

use crate::clients::{Branches, Line};
use crate::context::Context;
use crate::models::Model;
use crate::provider::{Parameters, PromptMessage};
use serde_json::Value;
use shared_web::service_client::CallError;
use shared_web::telemetry::Trace;

/// Messages of a page.
const MESSAGES_PER_PAGE: u32 = 50;

/// What a context is made for.
#[derive(Clone, Copy)]
pub struct PromptRequest<'a> {
    /// What the model is told before the line.
    pub instructions: Option<&'a str>,
    /// The question.
    pub question: &'a str,
    /// The items of the question.
    pub input_items: Option<&'a Value>,
    /// What else is sent with it.
    pub parameters: &'a Parameters,
}

/// The messages of a prompt, and how many messages of the line do not fit.
pub async fn build_context(
    branches: &Branches,
    model: &Model,
    asked: PromptRequest<'_>,
    line: Line,
    trace: &Trace,
) -> Result<(Vec<PromptMessage>, i64), CallError> {
    let mut context = Context::new(model, asked.instructions, asked.question, asked.input_items)
        .with_parameters(model, asked.parameters);
    let mut below = line;
    while below.depth > 0 {
        let page = branches.page(below, MESSAGES_PER_PAGE, trace).await?;
        let Some(last) = page.last().map(|message| message.depth) else { break };
        // It must get on, whatever comes.
        below.depth = last.min(below.depth) - 1;
        if !page.into_iter().all(|message| context.push(message.into())) {
            break;
        }
    }
    Ok(context.finish(line.depth))
}
