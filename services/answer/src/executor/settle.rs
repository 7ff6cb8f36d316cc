//! Sealed runs become messages.

use super::replica::Executor;
use crate::domain::RunState;
use crate::store::{self, Run};
use crate::streams::{FinalEvent, RunLog};
use reqwest::StatusCode;
use serde_json::Value;
use shared::error::causes;
use shared::ids::ResponseId;
use shared_store::StoreError;
use shared_web::service_client::CallError;
use shared_web::telemetry::Trace;
use std::time::Duration;

/// How long an answer that branch refuses is kept, so that a mistake can be mended.
const MAX_REFUSED_TIME: Duration = Duration::from_secs(3600);
/// The longest pause between two attempts to store an answer.
const MAX_STORE_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The pause is this part of the time for which the answer has waited.
const STORE_PAUSE_SHARE: u32 = 4;

impl Executor {
    /// Stores a run that has just been sealed here. If that fails, any replica repeats it.
    pub(super) async fn store_or_drop_own(&self, id: ResponseId, log: Option<&RunLog>) {
        match store::find_run(&self.parts().store, id).await {
            Ok(Some(run)) => self.store_or_drop(run, log).await,
            // It is deleted with its chat or its account.
            Ok(None) => close(log, &FinalEvent::Dropped),
            Err(error) => tracing::warn!(error = causes(&error), run = %id, "an answer is not stored yet"),
        }
    }

    /// Stores a sealed run as a message, or drops it if its chat or its branch is gone. `log` has all of its chunks; without one, readers
    /// find the end in the database.
    pub(super) async fn store_or_drop(&self, run: Run, log: Option<&RunLog>) {
        let (id, grace) = (run.response_id, self.parts().timing.store_grace);
        if run.state != RunState::Sealed {
            return;
        }
        // What was dropped meanwhile must not be stored: its chat may be restored.
        let settled = match store::renew(&self.parts().store, id, grace).await {
            Ok(Some(age)) => self.store_or_drop_renewed(run, age, log).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            tracing::warn!(error = causes(&error), run = %id, "it is not recorded what became of an answer");
        }
    }

    /// The same for a run that was sealed so long ago.
    async fn store_or_drop_renewed(
        &self,
        run: Run,
        age: Duration,
        log: Option<&RunLog>,
    ) -> Result<(), StoreError> {
        let trace = Trace::resumed(run.request_id.clone());
        let (id, store) = (run.response_id, &self.parts().store);
        match self.parts().branches.store(&run, &trace).await {
            Ok(Some(message)) => {
                let message = Value::Object(message.view).to_string();
                let stored = store::store_run(store, id, message.clone()).await;
                // It is a message, whether or not that could be recorded.
                close(log, &FinalEvent::Finished(run.finish, Some(message)));
                stored
            }
            Ok(None) => {
                self.parts().metrics.dropped();
                let dropped = store::drop_run(store, id).await;
                close(log, &FinalEvent::Dropped);
                dropped
            }
            Err(error) if is_refused(&error) && age >= MAX_REFUSED_TIME => {
                tracing::error!(error = causes(&error), run = %id, "an answer is given up, as it is refused");
                self.parts().metrics.dropped();
                store::drop_run(store, id).await
            }
            Err(error) => {
                tracing::warn!(error = causes(&error), run = %id, "an answer is not stored yet");
                let pause = (age / STORE_PAUSE_SHARE).min(MAX_STORE_PAUSE);
                store::renew(store, id, pause.max(self.parts().timing.store_grace)).await.map(drop)
            }
        }
    }
}

fn close(log: Option<&RunLog>, last: &FinalEvent) {
    if let Some(log) = log {
        log.close(last);
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
