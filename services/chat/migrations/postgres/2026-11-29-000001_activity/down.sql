DROP INDEX chats_owner_pinned_activity;
DROP INDEX chats_owner_active_activity;
DROP INDEX chats_owner_activity;
ALTER TABLE chats
    DROP COLUMN tree_changed_at, DROP COLUMN last_message_at, DROP COLUMN activity_version, DROP COLUMN message_count, DROP COLUMN active_branch_id;
