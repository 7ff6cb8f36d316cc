//! The command `check`: a report of what a program needs, a line each, with advice where something is wrong.
//!
//! A check changes nothing: it makes no folder, migrates no table, and binds no port. It runs beside the service or without it.

mod clock;
mod files;
mod report;

pub use clock::{check_clock, check_own_clock};
pub use files::{check_file, check_space};
pub use report::{Finding, Report, Status};
