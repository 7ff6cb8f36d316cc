//! Routing: which service a request is for, who may send it, and what it costs.

pub(crate) mod class;
pub(crate) mod session;
pub(crate) mod table;
pub(crate) mod upstream;
