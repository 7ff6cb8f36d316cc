//! The driver: connecting, migrations, and what its errors mean.

pub(super) mod connect;
pub(super) mod errors;
pub(super) mod inspect;
pub(super) mod migrate;
pub(super) mod pool_metrics;
pub(super) mod retry;
pub(super) mod update_command;
