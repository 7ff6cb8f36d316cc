//! The program of a service: its command line, its start, and its end by signals.

mod check;
mod command;
mod health_check;
mod run;
mod runtime;
mod service_program;
mod signals;
mod variables;

pub use command::CheckOptions;
pub use health_check::health_check;
pub use run::run;
pub use runtime::{Exit, block_on};
pub use service_program::ServiceProgram;
pub use signals::{unless_stopped, until_second_signal};
pub use variables::Variables;
