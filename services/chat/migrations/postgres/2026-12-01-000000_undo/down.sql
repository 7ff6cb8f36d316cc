-- What could be restored is deleted for good.
UPDATE chats SET name = '', tags = '[]', settings = NULL WHERE purge_at IS NOT NULL;
UPDATE conversations SET name = '', deleted_at = COALESCE(conversations.deleted_at, chats.deleted_at)
    FROM chats WHERE chats.id = conversations.chat_id AND chats.purge_at IS NOT NULL;
INSERT INTO outbox (id, destination, path, request_id, created_at, attempts, next_attempt_at)
    SELECT id, 'branch', '/internal/chats/' || id || '?owner=' || account_id, id, deleted_at, 0, deleted_at
    FROM chats WHERE deleted_at IS NOT NULL
    ON CONFLICT DO NOTHING;
DELETE FROM outbox WHERE method <> 'DELETE';
ALTER TABLE outbox DROP COLUMN method;
DROP INDEX chats_owner_deleted;
DROP INDEX chats_destroyed;
CREATE INDEX chats_deleted ON chats (deleted_at) WHERE deleted_at IS NOT NULL;
DROP INDEX chats_purge;
ALTER TABLE chats DROP COLUMN state_number, DROP COLUMN purge_at;
