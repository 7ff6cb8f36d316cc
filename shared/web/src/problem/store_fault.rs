//! The response of a database error.

use crate::problem::Problem;
use actix_web::http::StatusCode;
use shared::error::{StoreFailure, StoreFault};

/// The status and the code: 503 or 507 if a retry may succeed, else 500.
pub const fn store_answer(fault: Option<StoreFault>) -> (StatusCode, &'static str) {
    match fault {
        Some(StoreFault::Unavailable | StoreFault::Locked | StoreFault::ReadOnly) => {
            (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable")
        }
        Some(StoreFault::Full) => (StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage"),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}

impl From<StoreFailure> for Problem {
    fn from(StoreFailure { fault, cause }: StoreFailure) -> Self {
        match fault {
            Some(StoreFault::Unavailable | StoreFault::Locked | StoreFault::ReadOnly) => {
                Self::unavailable(cause)
            }
            Some(StoreFault::Full) => Self::insufficient_storage(cause),
            None => Self::internal(cause),
        }
    }
}
