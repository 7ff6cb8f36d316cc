-- Names are matched by a key that brings more of what looks alike together than the folded name did. The service computes
-- the keys of rows that have none at its start, in steps: it needs Unicode for that, and one statement over all rows would hold up
-- every login.

-- The key; none until it was computed. Of rows from before there were keys, several may have the same one: those go by
-- their folded name, as before.
ALTER TABLE users ADD COLUMN name_key TEXT;
-- The version of the rule by which the key was computed.
ALTER TABLE users ADD COLUMN key_version SMALLINT NOT NULL DEFAULT 0;

CREATE INDEX users_name_key ON users (name_key);
CREATE INDEX users_key_version ON users (key_version, id);
-- Few: one of each two rows with the same key is among them.
CREATE INDEX users_other_key ON users (name_key) WHERE name_key <> folded_name;
