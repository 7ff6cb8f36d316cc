DROP TABLE messages;
DROP TABLE branches;
