DROP INDEX messages_without_preview;
ALTER TABLE messages DROP COLUMN response_preview;
ALTER TABLE messages DROP COLUMN question_preview;
ALTER TABLE branches DROP COLUMN archived;
ALTER TABLE branches DROP COLUMN tags;
ALTER TABLE branches DROP COLUMN preview;
ALTER TABLE branches DROP COLUMN last_message_at;
ALTER TABLE branches DROP COLUMN first_message_at;
ALTER TABLE branches DROP COLUMN first_response_id;
