-- Users' own keys for providers, encrypted.
CREATE TABLE provider_keys (
    owner UUID NOT NULL,
    provider TEXT NOT NULL,
    -- The id of the encryption key, which is derived from a secret of the deployment: it says which secret decrypts the row.
    encryption_key_id TEXT NOT NULL,
    -- The nonce, the ciphertext and the tag of AES-256-GCM; owner and provider are its associated data.
    ciphertext BYTEA NOT NULL,
    -- The last characters, for people; none of a short key.
    hint TEXT,
    PRIMARY KEY (owner, provider)
);
CREATE INDEX provider_keys_encryption_key ON provider_keys (encryption_key_id);

-- Accounts that are deleted, as long as one of their tokens may be valid.
CREATE TABLE deleted_accounts (
    account_id UUID PRIMARY KEY,
    deleted_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX deleted_accounts_deleted ON deleted_accounts (deleted_at);
