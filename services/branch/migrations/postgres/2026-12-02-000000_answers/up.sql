-- What a message has beside its texts where a model has answered it, as JSON: how the response was generated, and the raw items of
-- both sides.
ALTER TABLE messages ADD COLUMN generation TEXT;
ALTER TABLE messages ADD COLUMN input_items TEXT;
ALTER TABLE messages ADD COLUMN output_items TEXT;

-- Appends a message to the branch `named` of the chat of `target`; if that is NULL to `target`, or for a chat to its active branch.
-- `outcome` is `appended`, `no_line`, `exists` (there is a message with this key or id), or `head_moved` (`parent` is the head).
-- `has_siblings` tells whether the message may have other versions: whether something forks from its parent, or it has none.
--
-- `append_message` and `append_version` stay: older versions of the program that run beside call them.
CREATE FUNCTION append_to_line(
    its_owner UUID, target UUID, named UUID, expects_head BOOLEAN, expected_head UUID,
    its_id UUID, its_time TIMESTAMPTZ, its_key UUID, its_hash BYTEA,
    its_bytes BIGINT, its_metadata TEXT, its_question TEXT, its_response TEXT,
    its_generation TEXT, its_input_items TEXT, its_output_items TEXT,
    OUT outcome TEXT, OUT chat UUID, OUT branch UUID, OUT parent UUID, OUT new_depth BIGINT, OUT stored_at TIMESTAMPTZ,
    OUT has_siblings BOOLEAN
) LANGUAGE plpgsql AS $$
DECLARE
    line RECORD;
    is_first BOOLEAN;
BEGIN
    -- Locks the line: other appends to it wait from here on.
    SELECT lines.branch_id, lines.root_chat_id, lines.fork_depth, lines.head_depth, lines.head_response_id, lines.created_at,
            targets.deleted_at IS NULL AND trunks.deleted_at IS NULL AND lines.deleted_at IS NULL AS lives
        INTO line
        FROM branches AS targets
        JOIN branches AS trunks ON trunks.branch_id = targets.root_chat_id
        JOIN branches AS lines ON lines.branch_id = COALESCE(named, CASE
                WHEN targets.branch_id = trunks.branch_id THEN COALESCE(trunks.active_branch_id, trunks.branch_id)
                ELSE targets.branch_id END)
            AND lines.root_chat_id = targets.root_chat_id
        WHERE targets.branch_id = target AND targets.owner_id = its_owner
        FOR NO KEY UPDATE OF lines;
    IF line.lives IS NOT TRUE THEN
        outcome := 'no_line';
        RETURN;
    END IF;
    chat := line.root_chat_id;
    branch := line.branch_id;
    parent := line.head_response_id;
    -- Before the head is compared, else the second of two equal requests would be told that it has moved.
    IF its_key IS NOT NULL AND EXISTS (SELECT FROM messages WHERE messages.key_id = its_key) THEN
        outcome := 'exists';
        RETURN;
    END IF;
    IF expects_head AND parent IS DISTINCT FROM expected_head THEN
        outcome := 'head_moved';
        RETURN;
    END IF;
    new_depth := line.head_depth + 1;
    -- Later than the message before, whatever the clock says. That time is read from the message's own row, so that it is right
    -- also if an older version of the program appends.
    stored_at := GREATEST(its_time, line.created_at);
    IF parent IS NOT NULL THEN
        SELECT GREATEST(stored_at, heads.created_at + INTERVAL '1 microsecond') INTO stored_at
            FROM messages AS heads WHERE heads.response_id = parent;
    END IF;
    INSERT INTO messages (response_id, branch_id, root_chat_id, depth, parent_response_id, owner_id, created_at, text_bytes,
            key_id, request_hash, metadata, question, response, question_preview, response_preview,
            generation, input_items, output_items)
        VALUES (its_id, branch, chat, new_depth, parent, its_owner, stored_at, its_bytes,
            its_key, its_hash, its_metadata, its_question, its_response, left(its_question, 80), left(its_response, 80),
            its_generation, its_input_items, its_output_items)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- The id was given out before and is used, or the key was used on another line meanwhile.
        outcome := 'exists';
        RETURN;
    END IF;
    -- The first message of a branch is set once.
    is_first := new_depth = line.fork_depth + 1;
    UPDATE branches SET head_depth = new_depth, before_head_id = parent, head_response_id = its_id, last_message_at = stored_at,
            first_response_id = CASE WHEN is_first THEN its_id ELSE first_response_id END,
            first_message_at = CASE WHEN is_first THEN stored_at ELSE first_message_at END,
            preview = CASE WHEN is_first THEN left(its_question, 80) ELSE preview END
        WHERE branches.branch_id = branch;
    outcome := 'appended';
    has_siblings := parent IS NULL
        OR EXISTS (SELECT FROM branches WHERE branches.forked_from = parent AND branches.deleted_at IS NULL);
END $$;
