DROP TABLE activity_lease;
DROP TRIGGER set_change_of_fork;
DROP INDEX messages_by_time;
DROP INDEX branches_by_change;
ALTER TABLE branches DROP COLUMN changed_at;
