#![doc = include_str!("../README.md")]

pub mod activity;
pub mod cli;
mod clients;
pub mod config;
pub mod domain;
pub mod error;
mod problem;
pub mod routes;
pub mod startup;
mod state;
pub mod store;
mod sweeper;
