ALTER TABLE chats
    -- What the branch service reports of the tree. The active branch; none is the trunk.
    ADD COLUMN active_branch_id UUID,
    ADD COLUMN message_count BIGINT NOT NULL DEFAULT 0,
    -- The version of the report that these two columns are from.
    ADD COLUMN activity_version BIGINT NOT NULL DEFAULT 0,
    -- The latest times of all reports.
    ADD COLUMN last_message_at TIMESTAMPTZ,
    ADD COLUMN tree_changed_at TIMESTAMPTZ;

-- The lists by activity, as there are by creation.
CREATE INDEX chats_owner_activity ON chats (account_id, COALESCE(last_message_at, created_at), id)
    WHERE deleted_at IS NULL;
CREATE INDEX chats_owner_active_activity ON chats (account_id, active, COALESCE(last_message_at, created_at), id)
    WHERE deleted_at IS NULL;
CREATE INDEX chats_owner_pinned_activity ON chats (account_id, COALESCE(last_message_at, created_at), id)
    WHERE deleted_at IS NULL AND pinned;
