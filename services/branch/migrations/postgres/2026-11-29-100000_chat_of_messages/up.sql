-- The chat of a message, for lists of one chat. Appends write it; a trigger does where an older version of the program appends. The trigger
-- is of the schema of these tables, whatever the search path of the connection is.
ALTER TABLE messages ADD COLUMN root_chat_id UUID;

CREATE FUNCTION set_chat_of_message() RETURNS TRIGGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT branches.root_chat_id INTO NEW.root_chat_id FROM branches WHERE branches.branch_id = NEW.branch_id;
    RETURN NEW;
END $$;

CREATE TRIGGER set_chat_of_message BEFORE INSERT ON messages
    FOR EACH ROW WHEN (NEW.root_chat_id IS NULL) EXECUTE FUNCTION set_chat_of_message();
