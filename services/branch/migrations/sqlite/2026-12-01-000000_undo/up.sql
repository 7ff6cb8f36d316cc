-- When the sweep takes a tombstone up; null while it has nothing to do with it.
ALTER TABLE branches ADD COLUMN sweep_at BIGINT;
-- Until when a tombstone can be restored; null only where an older version of the program has made it.
ALTER TABLE branches ADD COLUMN purge_at BIGINT;
-- The request that has deleted a branch, the same on all that it took.
ALTER TABLE branches ADD COLUMN deletion_id BLOB;
-- On the branch that the request has named, while it can be restored: how many the request took.
ALTER TABLE branches ADD COLUMN deleted_count BIGINT;
-- On the same: the branch that was active, if the deletion has chosen another one.
ALTER TABLE branches ADD COLUMN active_before BLOB;
-- On trunks alone: the number of the last change of the chat's state.
ALTER TABLE branches ADD COLUMN chat_state_number BIGINT;

UPDATE branches SET purge_at = deleted_at, sweep_at = CASE WHEN swept_at IS NULL THEN deleted_at END
    WHERE deleted_at IS NOT NULL;

DROP INDEX branches_to_sweep;
CREATE INDEX branches_by_sweep ON branches (sweep_at) WHERE sweep_at IS NOT NULL;
-- Made by an older version of the program that runs beside.
CREATE INDEX branches_to_queue ON branches (deleted_at) WHERE deleted_at IS NOT NULL AND purge_at IS NULL;
CREATE INDEX branches_unswept ON branches (root_chat_id, level) WHERE deleted_at IS NOT NULL AND swept_at IS NULL;
CREATE INDEX branches_by_deletion ON branches (deletion_id) WHERE deletion_id IS NOT NULL;
CREATE INDEX branches_deletions ON branches (root_chat_id, deleted_at, branch_id) WHERE deleted_count IS NOT NULL;
