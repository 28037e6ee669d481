-- What a row is judged by, where that is neither its class nor its loss, and what the model said as text.
ALTER TABLE predictions ADD COLUMN value BLOB NOT NULL DEFAULT (x''); -- float32; empty: the losses
ALTER TABLE predictions ADD COLUMN answers TEXT; -- a JSON array of strings; null: there are none
