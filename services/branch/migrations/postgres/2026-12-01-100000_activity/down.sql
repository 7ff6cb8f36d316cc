CREATE OR REPLACE FUNCTION activate_branch_at(
    its_owner UUID, target UUID, named UUID, its_time TIMESTAMPTZ, OUT outcome TEXT, OUT chat UUID
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO outcome, chat FROM activate_branch(its_owner, target, named);
    IF outcome = 'activated' THEN
        UPDATE branches SET activated_at = its_time WHERE branches.branch_id = named;
    END IF;
END $$;

DROP TABLE activity_lease;
DROP TRIGGER set_change_of_fork ON branches;
DROP FUNCTION set_change_of_fork;
ALTER TABLE branches DROP COLUMN changed_at;
