DROP FUNCTION activate_branch_at;
DROP FUNCTION append_version;
DROP INDEX branches_by_version;
DROP INDEX branches_by_activation;
ALTER TABLE branches DROP COLUMN activated_at;
ALTER TABLE messages DROP COLUMN copied_from;
