//! `check`: what a program needs is looked at, and a line says of each whether it is well, or what is wrong and what to do.
//!
//! Nothing is changed by it: no folder is made, no table is migrated, no port is taken. It can be run while the service
//! runs, and while it does not.

mod clock;
mod files;
mod report;

pub use clock::{check_clock, check_own_clock};
pub use files::{check_file, check_space};
pub use report::{Finding, Report, Status};
