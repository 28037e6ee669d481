-- The run that another came from, and how. No reference: a parent may be removed for good, and its name stays.
ALTER TABLE runs ADD COLUMN origin TEXT CHECK (origin IN ('fork', 'repeat', 'reproduction'));
ALTER TABLE runs ADD COLUMN parent TEXT;
ALTER TABLE runs ADD COLUMN parent_name TEXT;
ALTER TABLE runs ADD COLUMN parent_step INTEGER; -- of the checkpoint that a fork begins with
-- JSON: what lies in the run's folder to begin with, in place of the model's own weights; and its bytes.
ALTER TABLE runs ADD COLUMN start TEXT;
ALTER TABLE runs ADD COLUMN start_bytes INTEGER NOT NULL DEFAULT 0;
-- JSON: what a reproduction has to come to, and once it has ended what it came to.
ALTER TABLE runs ADD COLUMN reproduction TEXT;
-- Where it stands in the queue, the lowest first.
ALTER TABLE runs ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
-- When its thread was last heard of: the end of a run whose process died without a word.
ALTER TABLE runs ADD COLUMN heard_at INTEGER;

-- What a person chose about the app as a whole, and all its processes heed.
CREATE TABLE preferences (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;
