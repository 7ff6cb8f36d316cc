-- When a branch was last forked, chosen, changed, deleted or restored: what the chat service is told of, beside messages.
ALTER TABLE branches ADD COLUMN changed_at BIGINT;

-- Forks write it; the trigger does where an older version of the program forks.
CREATE TRIGGER set_change_of_fork AFTER INSERT ON branches WHEN NEW.changed_at IS NULL AND NEW.branch_id <> NEW.root_chat_id
BEGIN
    UPDATE branches SET changed_at = NEW.created_at WHERE branch_id = NEW.branch_id;
END;

-- One row: which process reports, and from which times on changes may not be reported yet.
CREATE TABLE activity_lease (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    holder BLOB NOT NULL,
    until BIGINT NOT NULL,
    messages_from BIGINT NOT NULL,
    branches_from BIGINT NOT NULL
);
