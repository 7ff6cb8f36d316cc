-- The chat of a message, for lists of one chat. Appends write it; the trigger does where an older version of the program appends.
ALTER TABLE messages ADD COLUMN root_chat_id BLOB;

CREATE TRIGGER set_chat_of_message AFTER INSERT ON messages WHEN NEW.root_chat_id IS NULL
BEGIN
    UPDATE messages SET root_chat_id =
        (SELECT branches.root_chat_id FROM branches WHERE branches.branch_id = NEW.branch_id)
        WHERE response_id = NEW.response_id;
END;
