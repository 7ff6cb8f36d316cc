-- What a message has beside its texts where a model has answered it, as JSON: how the response was generated, and the raw items of
-- both sides.
ALTER TABLE messages ADD COLUMN generation TEXT;
ALTER TABLE messages ADD COLUMN input_items TEXT;
ALTER TABLE messages ADD COLUMN output_items TEXT;
