-- A dataset's record. Its rows are files below datasets/<id>/ of the data home. Only the name and the deletion change.
CREATE TABLE datasets (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  format TEXT NOT NULL CHECK (format IN ('csv', 'jsonl')),
  file_name TEXT NOT NULL,
  created_at INTEGER NOT NULL, -- milliseconds since 1970, as all times here
  content_hash TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  labels TEXT NOT NULL, -- JSON: [{label, count}], sorted by label
  mapping TEXT NOT NULL, -- JSON: {text, label}
  problems TEXT NOT NULL, -- JSON: [{line, message}], the first hundred
  problem_count INTEGER NOT NULL,
  duplicate_count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  licence TEXT,
  deleted_at INTEGER,
  revision INTEGER NOT NULL DEFAULT 1
) STRICT;
