-- A base model's record. Its files are a Hugging Face folder at models/<id>/ of the data home.
CREATE TABLE models (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  architecture TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  source TEXT NOT NULL,
  -- The name of the starter that came with Attune: registered once, even after the person deleted it.
  starter TEXT UNIQUE,
  licence TEXT,
  parameters INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  weights_hash TEXT NOT NULL,
  tokenizer_hash TEXT NOT NULL,
  vocab_size INTEGER NOT NULL,
  hidden_size INTEGER NOT NULL,
  layers INTEGER NOT NULL,
  heads INTEGER NOT NULL,
  max_positions INTEGER NOT NULL,
  linear_modules TEXT NOT NULL, -- JSON: [name]
  deleted_at INTEGER,
  revision INTEGER NOT NULL DEFAULT 1
) STRICT;
