//! Documents, and what they are to the rest of the service.

pub(super) mod branch;
pub(super) mod fields;
pub(super) mod message;
