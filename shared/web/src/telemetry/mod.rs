//! Logs, and the ids that correlate the log lines and spans of a request across services.

mod logs;
mod trace;
mod trace_context;

pub use logs::{LogFormat, check_env, init, init_for_command};
pub(crate) use trace::REQUEST_ID;
pub use trace::{Trace, X_REQUEST_ID};
pub use trace_context::TraceContext;
