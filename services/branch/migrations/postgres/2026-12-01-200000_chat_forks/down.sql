DROP INDEX branches_by_fork_in_chat;
DROP INDEX branches_unswept_by_parent;
DROP INDEX branches_by_stand;
ALTER TABLE branches DROP COLUMN stands_on;
