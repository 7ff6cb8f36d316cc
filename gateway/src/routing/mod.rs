//! Whose a request is, and what it costs there.

pub(crate) mod class;
pub(crate) mod table;
pub(crate) mod upstream;
