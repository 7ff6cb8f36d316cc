DROP INDEX chats_owner_pinned_activity;
DROP INDEX chats_owner_active_activity;
DROP INDEX chats_owner_activity;
ALTER TABLE chats DROP COLUMN tree_changed_at;
ALTER TABLE chats DROP COLUMN last_message_at;
ALTER TABLE chats DROP COLUMN activity_version;
ALTER TABLE chats DROP COLUMN message_count;
ALTER TABLE chats DROP COLUMN active_branch_id;
