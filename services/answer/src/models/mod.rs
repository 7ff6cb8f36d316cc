//! The models that the deployment offers.

mod entry;
mod file;
mod file_text;
mod list;
mod model;
mod server;

pub use list::Models;
pub use model::Model;
