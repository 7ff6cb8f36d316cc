UPDATE messages SET root_chat_id =
    (SELECT branches.root_chat_id FROM branches WHERE branches.branch_id = messages.branch_id);
CREATE INDEX messages_by_chat ON messages (root_chat_id, created_at, response_id);
