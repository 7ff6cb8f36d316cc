DROP INDEX branches_by_fork_in_chat;
DROP INDEX branches_unswept_by_parent;
DROP INDEX branches_by_stand;
ALTER TABLE branches DROP COLUMN stands_on;
DROP INDEX branches_by_version;
CREATE INDEX branches_by_version
    ON branches (root_chat_id, COALESCE(forked_from, root_chat_id), first_message_at, first_response_id)
    WHERE deleted_at IS NULL AND first_response_id IS NOT NULL;
