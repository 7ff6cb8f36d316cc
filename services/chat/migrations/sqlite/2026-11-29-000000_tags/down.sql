DROP INDEX chats_owner_pinned;
ALTER TABLE chats DROP COLUMN settings;
ALTER TABLE chats DROP COLUMN tags;
ALTER TABLE chats DROP COLUMN pinned;
