-- The first message of a branch's own, and when its last was stored: null while it has none.
ALTER TABLE branches ADD COLUMN first_response_id BLOB;
ALTER TABLE branches ADD COLUMN first_message_at BIGINT;
ALTER TABLE branches ADD COLUMN last_message_at BIGINT;
-- The first 80 characters of its first question.
ALTER TABLE branches ADD COLUMN preview TEXT;
-- A JSON array of texts.
ALTER TABLE branches ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE branches ADD COLUMN archived BOOLEAN NOT NULL DEFAULT FALSE;

-- The first 80 characters of each text; null where the sweep has yet to compute them. They stand behind the texts, whose pages are
-- skipped by the pointer map (auto_vacuum) and not read.
ALTER TABLE messages ADD COLUMN question_preview TEXT;
ALTER TABLE messages ADD COLUMN response_preview TEXT;
-- Old messages only: new ones are inserted with their previews.
CREATE INDEX messages_without_preview ON messages (response_id) WHERE question_preview IS NULL;

UPDATE branches SET
    (first_response_id, first_message_at, preview) = (
        SELECT response_id, created_at, substr(question, 1, 80) FROM messages
        WHERE messages.branch_id = branches.branch_id AND messages.depth = branches.fork_depth + 1
    ),
    last_message_at = (SELECT created_at FROM messages WHERE messages.response_id = branches.head_response_id)
WHERE head_depth > fork_depth AND swept_at IS NULL;
