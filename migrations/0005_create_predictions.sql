-- What a run's final checkpoint said about each validation row: columns of numbers, little-endian, of one length.
-- Scores come last, so that reading the others does not read them.
CREATE TABLE predictions (
  run TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  row_ids BLOB NOT NULL, -- int32, ascending
  gold BLOB NOT NULL, -- int32: class ids
  predicted BLOB NOT NULL, -- int32: class ids
  confidence BLOB NOT NULL, -- float32: the predicted class's probability
  loss BLOB NOT NULL, -- float32: nats
  scores BLOB NOT NULL -- float32: a probability per class, row by row
) STRICT;
