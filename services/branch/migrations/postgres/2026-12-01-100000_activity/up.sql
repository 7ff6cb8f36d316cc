-- When a branch was last forked, chosen, changed, deleted or restored: what the chat service is told of, beside messages.
ALTER TABLE branches ADD COLUMN changed_at TIMESTAMPTZ;

-- Forks write it; the trigger does where an older version of the program forks.
CREATE FUNCTION set_change_of_fork() RETURNS TRIGGER LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.changed_at := NEW.created_at;
    RETURN NEW;
END $$;

CREATE TRIGGER set_change_of_fork BEFORE INSERT ON branches
    FOR EACH ROW WHEN (NEW.changed_at IS NULL AND NEW.branch_id <> NEW.root_chat_id) EXECUTE FUNCTION set_change_of_fork();

-- One row: which process reports, and from which times on changes may not be reported yet.
CREATE TABLE activity_lease (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    messages_from TIMESTAMPTZ NOT NULL,
    branches_from TIMESTAMPTZ NOT NULL
);

-- As before, and the switch counts as a change. The signature is as before: an older version of the program that runs beside calls it, too.
CREATE OR REPLACE FUNCTION activate_branch_at(
    its_owner UUID, target UUID, named UUID, its_time TIMESTAMPTZ, OUT outcome TEXT, OUT chat UUID
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO outcome, chat FROM activate_branch(its_owner, target, named);
    IF outcome = 'activated' THEN
        UPDATE branches SET activated_at = its_time, changed_at = its_time WHERE branches.branch_id = named;
    END IF;
END $$;
