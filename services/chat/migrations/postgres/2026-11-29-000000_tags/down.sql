DROP INDEX chats_owner_pinned;
ALTER TABLE chats DROP COLUMN settings, DROP COLUMN tags, DROP COLUMN pinned;
