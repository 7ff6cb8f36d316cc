DROP INDEX messages_by_chat;
