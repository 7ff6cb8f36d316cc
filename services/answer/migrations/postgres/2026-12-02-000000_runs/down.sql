DROP TABLE chat_states;
DROP TABLE token_usage;
DROP TABLE chunks;
DROP TABLE runs;
