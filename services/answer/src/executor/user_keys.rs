//! Users' own keys for providers: the one with which a run asks its model, and the re-encryption of all once their secret is
//! replaced.

use super::replica::Executor;
use super::retry::with_retries;
use crate::domain::Finish;
use crate::keyring::Keyring;
use crate::models::Model;
use crate::provider::ProviderError;
use crate::store::{self, Run};
use secrecy::SecretString;
use shared::error::causes;
use shared_store::{Store, StoreError};
use std::time::Duration;

/// The interval of looks for keys that are encrypted under a secret of before, and the pause between two steps.
const REENCRYPTION_INTERVAL: Duration = Duration::from_secs(60);
const REENCRYPTION_PAUSE: Duration = Duration::from_millis(5);
/// The code of a run whose user's key could not be read.
const KEY_UNREADABLE_CODE: &str = "service_unavailable";

/// The key of the user who has asked, for the provider of the model. None where the deployment's is used.
///
/// A key that cannot be decrypted fails the run: the deployment does not pay for what the user's key was meant for.
pub(super) async fn own_key(
    executor: &Executor,
    run: &Run,
    model: &Model,
) -> Result<Option<SecretString>, Finish> {
    let (store, keyring) = (&executor.parts().store, &executor.parts().user_keys);
    let (Some(keyring), Some(provider)) = (keyring, &model.provider) else { return Ok(None) };
    let found = with_retries(|| store::find_provider_key(store, run.owner, provider.clone())).await;
    let found = found.map_err(|error| {
        tracing::warn!(error = causes(&error), run = %run.response_id, "the key of a user cannot be read");
        Finish::failed(KEY_UNREADABLE_CODE)
    })?;
    let decrypted = found.map(|row| keyring.decrypt(&row)).transpose();
    decrypted.map_err(|error| {
        tracing::error!(error = causes(&error), run = %run.response_id, "the key of a user cannot be decrypted");
        Finish::from(&ProviderError::Auth)
    })
}

impl Executor {
    /// Encrypts, in the background, what is encrypted under a secret of before under that of now.
    pub(super) fn spawn_reencryption(&self) {
        let Some(keyring) = self.parts().user_keys.clone() else { return };
        let Some(id) = keyring.previous_id().map(str::to_owned) else { return };
        let store = self.parts().store.clone();
        self.parts().tasks.every_while_busy(REENCRYPTION_INTERVAL, REENCRYPTION_PAUSE, move || {
            let (store, keyring, id) = (store.clone(), keyring.clone(), id.clone());
            async move {
                reencrypt(&store, &keyring, id).await.unwrap_or_else(|error| {
                    tracing::warn!(
                        error = causes(&error),
                        "users' keys are still under the secret of before"
                    );
                    false
                })
            }
        });
    }
}

/// Encrypts some keys anew that are under this encryption key, and returns whether there may be more.
async fn reencrypt(store: &Store, keyring: &Keyring, id: String) -> Result<bool, StoreError> {
    let (rows, may_be_more) = store::provider_keys_under(store, id).await?;
    let mut replaced = 0;
    for row in rows {
        match keyring.reencrypt(&row) {
            Ok(new) => replaced += u32::from(store::replace_provider_key(store, row, new).await?),
            Err(error) => {
                tracing::error!(error = causes(&error), key = ?row, "the key of a user cannot be encrypted anew");
            }
        }
    }
    if replaced > 0 {
        tracing::info!(keys = replaced, "users' keys are encrypted anew, under the secret of now");
    }
    // Where none was, the next step would find the same ones.
    Ok(may_be_more && replaced > 0)
}
