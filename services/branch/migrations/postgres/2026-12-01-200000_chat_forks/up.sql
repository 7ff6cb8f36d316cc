-- The branch that owns the message that a branch forks from, where that is a branch of another chat.
ALTER TABLE branches ADD COLUMN stands_on UUID;
CREATE INDEX branches_by_stand ON branches (stands_on) WHERE stands_on IS NOT NULL;
-- The tombstones below a tombstone whose messages are not deleted yet.
CREATE INDEX branches_unswept_by_parent ON branches (parent_branch_id) WHERE deleted_at IS NOT NULL AND swept_at IS NULL;
-- The branches of a chat that fork from a message, which may be forked from in several chats.
CREATE INDEX branches_by_fork_in_chat ON branches (forked_from, root_chat_id, created_at, branch_id)
    WHERE deleted_at IS NULL AND parent_branch_id IS NOT NULL;

-- With the column of its expression, so that versions are counted in the index alone.
DROP INDEX branches_by_version;
CREATE INDEX branches_by_version
    ON branches (root_chat_id, COALESCE(forked_from, root_chat_id), first_message_at, first_response_id)
    INCLUDE (forked_from)
    WHERE deleted_at IS NULL AND first_response_id IS NOT NULL;
