//! `DELETE /internal/accounts/{user_id}`, for the auth service.

use crate::error::Error;
use crate::state::State;
use crate::store;
use actix_web::web::{Data, Json};
use shared::ids::UserId;
use shared_web::caller::Caller;
use shared_web::input::{Input, Path};
use shared_web::openapi::Msg;

shared_web::request! {
    /// Whose account.
    pub struct AccountPath in path {
        /// The account's user
        required user_id: UserId,
    }
}

/// Deletes the runs of an account, also those that are under way. Idempotent.
#[utoipa::path(delete, path = "/internal/accounts/{user_id}", params(AccountPath))]
pub async fn delete_account(
    _: Caller,
    state: Data<State>,
    Input { path, .. }: Path<AccountPath>,
) -> Result<Json<Msg>, Error> {
    store::delete_account(&state.store, path.user_id).await?;
    Ok(Json(Msg { msg: "Account deleted" }))
}
