CREATE TABLE chats (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL,
    chat_type TEXT NOT NULL,
    -- Empty once the chat was deleted.
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    -- The idempotency key of the request that made it, and the hash of that request.
    key_id BLOB UNIQUE,
    request_hash BLOB,
    -- A deleted chat stays for a day, in which its key answers and its id counts as taken.
    deleted_at BIGINT
);
-- One index for each list: all of an owner's chats, and those that are active or not.
CREATE INDEX chats_owner ON chats (account_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX chats_owner_active ON chats (account_id, active, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX chats_deleted ON chats (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE conversations (
    id BLOB PRIMARY KEY,
    chat_id BLOB NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    account_id BLOB NOT NULL,
    -- Empty once the chat was deleted.
    name TEXT NOT NULL,
    branch_id BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    key_id BLOB UNIQUE,
    request_hash BLOB,
    -- A deleted record is kept as long as its chat; its key is free after a day.
    deleted_at BIGINT
);
CREATE INDEX conversations_chat ON conversations (chat_id);
CREATE INDEX conversations_list ON conversations (chat_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX conversations_deleted_key ON conversations (deleted_at)
    WHERE deleted_at IS NOT NULL AND key_id IS NOT NULL;

-- Accounts that were deleted, as long as an access token of theirs may be about.
CREATE TABLE deleted_accounts (
    account_id BLOB PRIMARY KEY,
    until BIGINT NOT NULL,
    -- When to look again for chats that were made meanwhile; none once that was done.
    second_pass_at BIGINT,
    -- Of the request that deleted the account.
    request_id TEXT NOT NULL
);
CREATE INDEX deleted_accounts_due ON deleted_accounts (second_pass_at) WHERE second_pass_at IS NOT NULL;
CREATE INDEX deleted_accounts_until ON deleted_accounts (until);

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
