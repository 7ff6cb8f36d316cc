DROP TABLE deleted_accounts;
DROP TABLE provider_keys;
