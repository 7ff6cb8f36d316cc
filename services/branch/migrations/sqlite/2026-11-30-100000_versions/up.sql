-- The message that a cherry-pick has copied.
ALTER TABLE messages ADD COLUMN copied_from BLOB;
-- When a branch was last made the active one of its chat.
ALTER TABLE branches ADD COLUMN activated_at BIGINT;
CREATE INDEX branches_by_activation ON branches (root_chat_id, activated_at, branch_id)
    WHERE deleted_at IS NULL AND activated_at IS NOT NULL;
-- The first messages of the branches that fork from a message, or (by the chat's id) from nothing: the versions of a message, in
-- their order.
CREATE INDEX branches_by_version
    ON branches (root_chat_id, COALESCE(forked_from, root_chat_id), first_message_at, first_response_id)
    WHERE deleted_at IS NULL AND first_response_id IS NOT NULL;
