DROP TABLE outbox;
DROP TABLE deleted_accounts;
DROP TABLE conversations;
DROP TABLE chats;
