ALTER TABLE chats ADD COLUMN pinned BOOLEAN NOT NULL DEFAULT FALSE;
-- A JSON array of texts; empty once the chat was deleted.
ALTER TABLE chats ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- A JSON object; none where nothing was ever set, and once the chat was deleted.
ALTER TABLE chats ADD COLUMN settings TEXT;

-- An owner's pinned chats: few. All others, and those with a tag or a part of a name, are found in the lists.
CREATE INDEX chats_owner_pinned ON chats (account_id, created_at, id) WHERE deleted_at IS NULL AND pinned;
