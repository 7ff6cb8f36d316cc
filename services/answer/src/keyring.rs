//! Encrypts users' own keys for providers: AES-256-GCM (NIST SP 800-38D) under a key that HKDF-SHA256 (RFC 5869) derives from a
//! secret of the deployment.
//!
//! Each row has the id of its encryption key, which is derived from the same secret. So a secret can be replaced: the one of before
//! still decrypts what it has encrypted.

use crate::store::ProviderKey;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use shared::ids::UserId;
use std::fmt;
use std::sync::Arc;

const SALT: &[u8] = b"banyan answer provider keys";
const KEY_INFO: &[u8] = b"encryption key";
const ID_INFO: &[u8] = b"id of the encryption key";
const ID_BYTES: usize = 8;

/// The keys under which users' keys are encrypted: that of the secret, and that of the one before it, which only decrypts. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    current: Arc<EncryptionKey>,
    /// That of the secret of before, where it is another.
    previous: Option<Arc<EncryptionKey>>,
}

struct EncryptionKey {
    id: String,
    key: LessSafeKey,
}

/// The reason for which a key was not encrypted or decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Its secret is not given.
    #[error("no secret is given whose encryption key has the id {0}")]
    UnknownSecret(String),
    /// It was changed, or belongs to another user or provider.
    #[error("the encrypted key is not authentic")]
    NotAuthentic,
    /// The system failed to give random bytes.
    #[error("there are no random bytes")]
    NoRandomness,
}

impl Keyring {
    /// The keys of a secret, and of the one before it.
    pub fn new(secret: &SecretString, previous: Option<&SecretString>) -> Result<Self, Unspecified> {
        let current = Arc::new(EncryptionKey::derive(secret)?);
        let previous = previous.map(EncryptionKey::derive).transpose()?;
        let previous = previous.filter(|previous| previous.id != current.id).map(Arc::new);
        Ok(Self { current, previous })
    }

    /// The id of the key that only decrypts.
    pub fn previous_id(&self) -> Option<&str> {
        self.previous.as_ref().map(|key| key.id.as_str())
    }

    /// Encrypts a user's key for a provider.
    pub fn encrypt(
        &self,
        owner: UserId,
        provider: String,
        key: &SecretString,
        hint: Option<String>,
    ) -> Result<ProviderKey, KeyringError> {
        let ciphertext = self.current.encrypt(key, &associated_data(owner, &provider));
        let ciphertext = ciphertext.map_err(|Unspecified| KeyringError::NoRandomness)?;
        let encryption_key_id = self.current.id.clone();
        Ok(ProviderKey { owner, provider, encryption_key_id, ciphertext, hint })
    }

    /// Decrypts it.
    pub fn decrypt(&self, row: &ProviderKey) -> Result<SecretString, KeyringError> {
        let mut known = [&self.current].into_iter().chain(&self.previous);
        let encryption_key = known
            .find(|key| key.id == row.encryption_key_id)
            .ok_or_else(|| KeyringError::UnknownSecret(row.encryption_key_id.clone()))?;
        let associated_data = associated_data(row.owner, &row.provider);
        encryption_key.decrypt(&row.ciphertext, &associated_data).ok_or(KeyringError::NotAuthentic)
    }

    /// The same row under the encryption key of now.
    pub fn reencrypt(&self, row: &ProviderKey) -> Result<ProviderKey, KeyringError> {
        self.encrypt(row.owner, row.provider.clone(), &self.decrypt(row)?, row.hint.clone())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entry(&self.current.id).entries(self.previous_id()).finish()
    }
}

/// A row of one user or provider is worth nothing as that of another.
fn associated_data(owner: UserId, provider: &str) -> Vec<u8> {
    [owner.as_uuid().as_bytes().as_slice(), provider.as_bytes()].concat()
}

/// The length of an id.
struct IdLength;

impl KeyType for IdLength {
    fn len(&self) -> usize {
        ID_BYTES
    }
}

impl EncryptionKey {
    fn derive(secret: &SecretString) -> Result<Self, Unspecified> {
        let secret = Salt::new(HKDF_SHA256, SALT).extract(secret.expose_secret().as_bytes());
        let key = UnboundKey::from(secret.expand(&[KEY_INFO], &AES_256_GCM)?);
        let mut id = [0; ID_BYTES];
        secret.expand(&[ID_INFO], IdLength)?.fill(&mut id)?;
        let id = format!("{:016x}", u64::from_be_bytes(id));
        Ok(Self { id, key: LessSafeKey::new(key) })
    }

    /// The nonce is random: one key encrypts far fewer than 2^32 texts (NIST SP 800-38D, 8.3).
    fn encrypt(&self, key: &SecretString, associated_data: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce)?;
        let mut text = key.expose_secret().as_bytes().to_vec();
        let (of_text, nonce) = (Nonce::assume_unique_for_key(nonce), nonce);
        self.key.seal_in_place_append_tag(of_text, Aad::from(associated_data), &mut text)?;
        Ok([nonce.as_slice(), text.as_slice()].concat())
    }

    fn decrypt(&self, ciphertext: &[u8], associated_data: &[u8]) -> Option<SecretString> {
        let (nonce, text) = ciphertext.split_first_chunk()?;
        let (nonce, mut text) = (Nonce::assume_unique_for_key(*nonce), text.to_vec());
        let text = self.key.open_in_place(nonce, Aad::from(associated_data), &mut text).ok()?;
        std::str::from_utf8(text).ok().map(SecretString::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-of-a-user";

    fn keyring(secret: &str, previous: Option<&str>) -> Keyring {
        Keyring::new(&secret.into(), previous.map(SecretString::from).as_ref()).unwrap()
    }

    fn encrypted(keyring: &Keyring) -> ProviderKey {
        keyring.encrypt(UserId::generate(), "openai".to_owned(), &KEY.into(), None).unwrap()
    }

    fn decrypted(keyring: &Keyring, row: &ProviderKey) -> Result<String, KeyringError> {
        keyring.decrypt(row).map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn a_key_is_decrypted_by_the_secret_that_has_encrypted_it_as_long_as_that_is_given() {
        let row = encrypted(&keyring("one", None));
        assert_eq!(decrypted(&keyring("one", None), &row).as_deref(), Ok(KEY));
        assert_eq!(decrypted(&keyring("two", Some("one")), &row).as_deref(), Ok(KEY));
        let unknown = KeyringError::UnknownSecret(row.encryption_key_id.clone());
        assert_eq!(decrypted(&keyring("two", None), &row), Err(unknown));
        let rotated = keyring("two", Some("one")).reencrypt(&row).unwrap();
        assert_eq!(decrypted(&keyring("two", None), &rotated).as_deref(), Ok(KEY));
    }

    #[test]
    fn a_row_that_was_changed_or_moved_is_not_decrypted() {
        let keyring = keyring("one", None);
        let row = encrypted(&keyring);
        let mut changed = row.clone();
        *changed.ciphertext.last_mut().unwrap() ^= 1;
        let cut = ProviderKey { ciphertext: row.ciphertext[..NONCE_LEN - 1].to_vec(), ..row.clone() };
        let of_another = ProviderKey { owner: UserId::generate(), ..row.clone() };
        let at_another = ProviderKey { provider: "openai2".to_owned(), ..row };
        for row in [changed, cut, of_another, at_another] {
            assert_eq!(decrypted(&keyring, &row), Err(KeyringError::NotAuthentic));
        }
    }

    #[test]
    fn equal_keys_are_encrypted_differently_and_nothing_of_them_is_printed() {
        let keyring = keyring("the secret", Some("the secret"));
        assert_eq!(keyring.previous_id(), None, "it is the same");
        let (one, other) = (encrypted(&keyring), encrypted(&keyring));
        assert_ne!(one.ciphertext, other.ciphertext);
        assert!(!one.ciphertext.windows(KEY.len()).any(|bytes| bytes == KEY.as_bytes()));
        let printed = format!("{keyring:?} {one:?}");
        assert!(!printed.contains("secret") && !printed.contains(KEY), "{printed}");
    }
}
