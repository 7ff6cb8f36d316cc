//! Rows of `provider_keys`.

use super::schema::provider_keys;
use diesel::prelude::*;
use shared::ids::UserId;

/// A row of `provider_keys`.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = provider_keys, primary_key(owner, provider), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ProviderKey {
    /// Whose it is.
    pub owner: UserId,
    /// The provider for which it is.
    pub provider: String,
    /// The id of the encryption key.
    pub encryption_key_id: String,
    /// The nonce, the ciphertext and the tag.
    pub ciphertext: Vec<u8>,
    /// The last characters, for people.
    pub hint: Option<String>,
}

debug_without_texts! { ProviderKey { owner, provider, encryption_key_id } }
