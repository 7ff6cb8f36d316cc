DROP TABLE activity_lease;
DROP TRIGGER set_change_of_fork;
ALTER TABLE branches DROP COLUMN changed_at;
