ALTER TABLE messages DROP COLUMN output_items;
ALTER TABLE messages DROP COLUMN input_items;
ALTER TABLE messages DROP COLUMN generation;
