-- In a migration of its own: the one before locks the table, which is not read while it is locked.
UPDATE messages SET root_chat_id = branches.root_chat_id
    FROM branches WHERE branches.branch_id = messages.branch_id AND messages.root_chat_id IS NULL;
CREATE INDEX messages_by_chat ON messages (root_chat_id, created_at, response_id);
