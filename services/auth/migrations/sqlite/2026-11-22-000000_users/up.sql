CREATE TABLE users (
    id BLOB PRIMARY KEY,
    username TEXT NOT NULL,
    -- The name without regard to case: two names that fold to the same are the same name.
    folded_name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- All refresh tokens that come from one login. Revoking is deleting.
CREATE TABLE refresh_families (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The end of its youngest token.
    expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_families_user ON refresh_families (user_id);
CREATE INDEX refresh_families_expiry ON refresh_families (expires_at);

CREATE TABLE refresh_tokens (
    -- SHA-256 of the token.
    hash BLOB PRIMARY KEY,
    family_id BLOB NOT NULL REFERENCES refresh_families (id) ON DELETE CASCADE,
    -- The token that this one was given for; none at the login.
    parent BLOB,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_parent ON refresh_tokens (parent);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    destination TEXT NOT NULL,
    path TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_attempt_at, id);
