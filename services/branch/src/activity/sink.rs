//! The sink of reports: the chat service.

use crate::clients::Chats;
use crate::error::Error;
use shared::chat_activity::ChatActivity;
use shared_web::service_client::CallError;
use shared_web::telemetry::Trace;

/// Takes reports of activity: the chat service.
pub trait ActivitySink {
    /// Takes the activity of some chats, 200 at most.
    fn report(&self, chats: &[ChatActivity]) -> impl Future<Output = Result<(), CallError>> + Send;
}

impl ActivitySink for Chats {
    async fn report(&self, chats: &[ChatActivity]) -> Result<(), CallError> {
        self.put_activity(chats, &Trace::generate()).await
    }
}

/// Why activity was not reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The database failed.
    #[error("activity cannot be read")]
    Store(#[from] Error),
    /// The chat service was not reached, or refused it.
    #[error("activity cannot be reported")]
    Sink(#[from] CallError),
}
