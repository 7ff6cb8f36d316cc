-- When a branch was last forked, chosen, changed, deleted or restored: what the chat service is told of, beside messages. Trunks of old
-- chats count as changed when they were created, so that each is told of once.
ALTER TABLE branches ADD COLUMN changed_at BIGINT;
UPDATE branches SET changed_at = created_at WHERE branch_id = root_chat_id AND deleted_at IS NULL;
CREATE INDEX branches_by_change ON branches (changed_at, branch_id, root_chat_id) WHERE changed_at IS NOT NULL;
CREATE INDEX messages_by_time ON messages (created_at, response_id, root_chat_id);

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
