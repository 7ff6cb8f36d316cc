//! `DELETE /internal/accounts/{user_id}`, for the auth service.

use crate::error::Error;
use crate::state::State;
use actix_web::web::{Data, Json};
use shared::ids::UserId;
use shared_web::caller::Caller;
use shared_web::input::{Fields, FromFields, Input, Invalid, Path};
use shared_web::openapi::Msg;
use shared_web::telemetry::Trace;

/// Whose account.
#[derive(Debug)]
pub struct AccountPath {
    user_id: UserId,
}

impl FromFields for AccountPath {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { user_id: fields.required("user_id")? })
    }
}

/// Deletes the chats of an account. Idempotent.
pub async fn delete_account(
    _: Caller,
    state: Data<State>,
    trace: Trace,
    Input { path, .. }: Path<AccountPath>,
) -> Result<Json<Msg>, Error> {
    state.account_deletion.delete(path.user_id, &trace).await?;
    Ok(Json(Msg { msg: "Account deleted" }))
}
