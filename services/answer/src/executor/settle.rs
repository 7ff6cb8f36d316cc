//! Sealed runs become messages.

use super::replica::Executor;
use crate::store::{self, Run};
use crate::streams::{Ending, RunLog};
use reqwest::StatusCode;
use serde_json::Value;
use shared::clock::Clock;
use shared::error::causes;
use shared::ids::ResponseId;
use shared_store::StoreError;
use shared_web::service_client::CallError;
use shared_web::telemetry::Trace;
use std::time::Duration;

/// How long an answer that branch refuses is kept, so that a mistake can be mended.
const MAX_REFUSAL: Duration = Duration::from_secs(3600);

impl Executor {
    /// Stores a run that this replica has sealed. If that fails, any replica repeats it.
    pub(super) async fn settle_own(&self, id: ResponseId, log: &RunLog) {
        match store::find_run(&self.parts().store, id).await {
            Ok(Some(run)) => self.settle(run, Some(log)).await,
            // It is deleted with its chat or its account.
            Ok(None) => log.finish(&Ending::Dropped),
            Err(error) => tracing::warn!(error = causes(&error), run = %id, "an answer is not stored yet"),
        }
    }

    /// Stores a sealed run as a message, or drops it if its chat or its branch is gone. `log` has all of its chunks; without one, readers
    /// find the end in the database.
    pub(super) async fn settle(&self, run: Run, log: Option<&RunLog>) {
        let trace = Trace::resumed(run.request_id.clone());
        let (id, store) = (run.response_id, &self.parts().store);
        let settled: Result<(), StoreError> = match self.parts().branches.store(&run, &trace).await {
            Ok(Some(message)) => {
                let message = Value::Object(message.view).to_string();
                let stored = store::store_run(store, id, message.clone()).await;
                // It is a message, whether or not that could be recorded.
                if let Some(log) = log {
                    log.finish(&Ending::Finished(run.finish, Some(message)));
                }
                stored
            }
            Ok(None) => {
                let dropped = store::drop_run(store, id).await;
                self.parts().metrics.dropped();
                if let Some(log) = log {
                    log.finish(&Ending::Dropped);
                }
                dropped
            }
            Err(error) if is_refused(&error) && is_overdue(&run) => {
                tracing::error!(error = causes(&error), run = %id, "an answer is given up, as it is refused");
                self.parts().metrics.dropped();
                store::drop_run(store, id).await
            }
            Err(error) => {
                tracing::warn!(error = causes(&error), run = %id, "an answer is not stored yet");
                Ok(())
            }
        };
        if let Err(error) = settled {
            tracing::warn!(error = causes(&error), run = %id, "it is not recorded that an answer is stored");
        }
    }
}

/// Whether the branch service has understood the request, and refuses it: it will do so for ever.
fn is_refused(error: &CallError) -> bool {
    const REFUSALS: [StatusCode; 4] = [
        StatusCode::BAD_REQUEST,
        StatusCode::CONFLICT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    matches!(error, CallError::Unexpected { status, .. } if REFUSALS.contains(status))
}

/// Whether a run has waited for so long that nobody can mend what it is refused for.
fn is_overdue(run: &Run) -> bool {
    run.ended_at.is_some_and(|ended_at| ended_at.plus(MAX_REFUSAL) <= Clock::system().now())
}
