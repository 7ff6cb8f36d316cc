-- In a migration of its own: the one before locks the table, which is not read while it is locked.
-- Trunks of old chats count as changed when they were created, so that each is told of once.
UPDATE branches SET changed_at = created_at WHERE branch_id = root_chat_id AND deleted_at IS NULL AND changed_at IS NULL;
CREATE INDEX branches_by_change ON branches (changed_at, branch_id) INCLUDE (root_chat_id) WHERE changed_at IS NOT NULL;
CREATE INDEX messages_by_time ON messages (created_at, response_id) INCLUDE (root_chat_id);
