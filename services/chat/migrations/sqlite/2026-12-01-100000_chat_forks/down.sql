DROP TABLE chat_forks;
ALTER TABLE chats DROP COLUMN forked_from_response_id;
ALTER TABLE chats DROP COLUMN forked_from_chat_id;
