DROP INDEX branches_by_fork;
CREATE INDEX branches_by_fork ON branches (forked_from, created_at, branch_id) WHERE deleted_at IS NULL;
DROP INDEX branches_unswept;
DROP INDEX branches_by_stand;
ALTER TABLE branches DROP COLUMN stands_on;
