//! What an error of a database answers.

use crate::problem::Problem;
use actix_web::http::StatusCode;
use shared::error::{StoreFailure, StoreFault};

/// The status: 503 or 507 where trying again may help, else 500.
pub const fn store_status(fault: Option<StoreFault>) -> StatusCode {
    match fault {
        Some(StoreFault::Unavailable | StoreFault::Locked | StoreFault::ReadOnly) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Some(StoreFault::Full) => StatusCode::INSUFFICIENT_STORAGE,
        None => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The code that goes with it.
pub const fn store_code(fault: Option<StoreFault>) -> &'static str {
    match fault {
        Some(StoreFault::Unavailable | StoreFault::Locked | StoreFault::ReadOnly) => "service_unavailable",
        Some(StoreFault::Full) => "insufficient_storage",
        None => "internal_error",
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
