-- The message that a cherry-pick has copied.
ALTER TABLE messages ADD COLUMN copied_from UUID;
-- When a branch was last made the active one of its chat.
ALTER TABLE branches ADD COLUMN activated_at TIMESTAMPTZ;
CREATE INDEX branches_by_activation ON branches (root_chat_id, activated_at, branch_id)
    WHERE deleted_at IS NULL AND activated_at IS NOT NULL;
-- The first messages of the branches that fork from a message, or (by the chat's id) from nothing: the versions of a message, in
-- their order.
CREATE INDEX branches_by_version
    ON branches (root_chat_id, COALESCE(forked_from, root_chat_id), first_message_at, first_response_id)
    WHERE deleted_at IS NULL AND first_response_id IS NOT NULL;

-- As `append_message`, and tells whether the message may have other versions: whether something forks from its parent, or it has none.
CREATE FUNCTION append_version(
    its_owner UUID, target UUID, named UUID, expects_head BOOLEAN, expected_head UUID,
    its_id UUID, its_time TIMESTAMPTZ, its_key UUID, its_hash BYTEA,
    its_bytes BIGINT, its_metadata TEXT, its_question TEXT, its_response TEXT,
    OUT outcome TEXT, OUT chat UUID, OUT branch UUID, OUT parent UUID, OUT new_depth BIGINT, OUT stored_at TIMESTAMPTZ,
    OUT has_siblings BOOLEAN
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO outcome, chat, branch, parent, new_depth, stored_at
        FROM append_message(its_owner, target, named, expects_head, expected_head, its_id, its_time, its_key, its_hash,
            its_bytes, its_metadata, its_question, its_response);
    IF outcome = 'appended' THEN
        has_siblings := parent IS NULL
            OR EXISTS (SELECT FROM branches WHERE branches.forked_from = parent AND branches.deleted_at IS NULL);
    END IF;
END $$;

-- As `activate_branch`, and notes when.
CREATE FUNCTION activate_branch_at(
    its_owner UUID, target UUID, named UUID, its_time TIMESTAMPTZ, OUT outcome TEXT, OUT chat UUID
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO outcome, chat FROM activate_branch(its_owner, target, named);
    IF outcome = 'activated' THEN
        UPDATE branches SET activated_at = its_time WHERE branches.branch_id = named;
    END IF;
END $$;
