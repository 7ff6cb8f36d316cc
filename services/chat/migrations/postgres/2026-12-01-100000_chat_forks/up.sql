-- A fork of a chat: the chat that it was made of, none where it is no fork, and the response that it stands on, none where the line was empty.
ALTER TABLE chats ADD COLUMN forked_from_chat_id UUID, ADD COLUMN forked_from_response_id UUID;

-- Forks of chats under way: the chat is there once the branch service has made its trunk. A table of its own, so that nothing sees it before.
CREATE TABLE chat_forks (
    -- The id of the new chat.
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    source_chat_id UUID NOT NULL,
    response_id UUID,
    chat_type TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- The idempotency key of the request, and the hash of that request.
    key_id UUID UNIQUE,
    request_hash BYTEA,
    -- Of the request.
    request_id TEXT NOT NULL,
    -- The number of failed attempts to finish it after the request, and the time of the next one.
    attempts INTEGER NOT NULL,
    next_attempt_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX chat_forks_due ON chat_forks (next_attempt_at, id);
CREATE INDEX chat_forks_owner ON chat_forks (account_id, id);
