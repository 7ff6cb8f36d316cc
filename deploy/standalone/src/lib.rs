//! The whole of Banyan in one process: four services on loopback ports of their own, the gateway before them, and all
//! data on SQLite in one folder, or on the PostgreSQL of `DATABASE_URL`; messages and branches on the MongoDB of
//! `MONGO_URL`, where it is set.

pub mod check;
pub mod compact;
pub mod config;
pub mod data_dir;
pub mod stack;
pub mod stack_config;
pub mod traces;
pub mod users;
pub mod welcome;
