ALTER TABLE chats
    -- Until when a deleted chat can be restored; none for one that is alive or destroyed. Its texts stay until then.
    ADD COLUMN purge_at TIMESTAMPTZ,
    -- Rises with each deletion, restore and destruction: of what the branch service is told, the highest number counts.
    ADD COLUMN state_number BIGINT NOT NULL DEFAULT 0;

-- The sweep destroys those that are due.
CREATE INDEX chats_purge ON chats (purge_at) WHERE purge_at IS NOT NULL;
-- It removes those that were destroyed long ago.
DROP INDEX chats_deleted;
CREATE INDEX chats_destroyed ON chats (deleted_at) WHERE deleted_at IS NOT NULL AND purge_at IS NULL;
-- An owner's list of deleted chats that can be restored.
CREATE INDEX chats_owner_deleted ON chats (account_id, deleted_at, id) WHERE purge_at IS NOT NULL;

ALTER TABLE outbox ADD COLUMN method TEXT NOT NULL DEFAULT 'DELETE';
