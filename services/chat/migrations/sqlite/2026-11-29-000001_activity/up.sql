-- What the branch service reports of the tree. The active branch; none is the trunk.
ALTER TABLE chats ADD COLUMN active_branch_id BLOB;
ALTER TABLE chats ADD COLUMN message_count BIGINT NOT NULL DEFAULT 0;
-- The version of the report that these two columns are from.
ALTER TABLE chats ADD COLUMN activity_version BIGINT NOT NULL DEFAULT 0;
-- The latest times of all reports.
ALTER TABLE chats ADD COLUMN last_message_at BIGINT;
ALTER TABLE chats ADD COLUMN tree_changed_at BIGINT;

-- The lists by activity, as there are by creation.
CREATE INDEX chats_owner_activity ON chats (account_id, COALESCE(last_message_at, created_at), id)
    WHERE deleted_at IS NULL;
CREATE INDEX chats_owner_active_activity ON chats (account_id, active, COALESCE(last_message_at, created_at), id)
    WHERE deleted_at IS NULL;
CREATE INDEX chats_owner_pinned_activity ON chats (account_id, COALESCE(last_message_at, created_at), id)
    WHERE deleted_at IS NULL AND pinned;
