-- The message that a cherry-pick has copied.
ALTER TABLE messages ADD COLUMN copied_from BLOB;
-- When a branch was last made the active one of its chat.
ALTER TABLE branches ADD COLUMN activated_at BIGINT;
CREATE INDEX branches_by_activation ON branches (root_chat_id, activated_at, branch_id)
    WHERE deleted_at IS NULL AND activated_at IS NOT NULL;
