//! What the `OpenAPI` documents of all services have in common.

mod errors;

pub use errors::{ErrorResponses, responses};

use serde::Serialize;
use utoipa::ToSchema;

/// The answer to a request that leaves nothing to show.
#[derive(Debug, Serialize, ToSchema)]
pub struct Msg {
    /// What was done, for people.
    #[schema(value_type = String, example = "Done")]
    pub msg: &'static str,
}

/// Declares types for `responses(..)` of a route: the errors that [`ErrorResponses`] lists, and those of the route's own.
///
/// ```ignore
/// shared_web::error_responses! { Errors: ErrorResponses::of_users().with_input(); Error::ChatNotFound }
/// ```
#[macro_export]
macro_rules! error_responses {
    ($(#[$doc:meta])* $visibility:vis $name:ident: $common:expr $(; $($error:expr),+ $(,)?)?) => {
        $(#[$doc])*
        $visibility struct $name;

        impl ::utoipa::IntoResponses for $name {
            fn responses() -> ::std::collections::BTreeMap<
                String,
                ::utoipa::openapi::RefOr<::utoipa::openapi::Response>,
            > {
                $common$(.with([$($error.into()),+]))?.into()
            }
        }
    };
}

error_responses! {
    /// The errors of a route that anyone may call.
    pub PublicErrors: ErrorResponses::of_all().with_body(crate::body_limits::MAX_AUTH_BODY_BYTES)
}

error_responses! {
    /// The errors of a route for users that has no body.
    pub UserErrors: ErrorResponses::of_users().with_input()
}
