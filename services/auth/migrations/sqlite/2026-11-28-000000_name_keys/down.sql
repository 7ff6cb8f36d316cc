DROP INDEX users_other_key;
DROP INDEX users_key_version;
DROP INDEX users_name_key;
ALTER TABLE users DROP COLUMN key_version;
ALTER TABLE users DROP COLUMN name_key;
