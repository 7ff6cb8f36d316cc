DROP TRIGGER set_chat_of_message ON messages;
DROP FUNCTION set_chat_of_message;
ALTER TABLE messages DROP COLUMN root_chat_id;
