-- One row a point: a run has some ten thousand, read by curve and in order of steps.
CREATE TABLE metrics (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  series TEXT NOT NULL,
  step INTEGER NOT NULL,
  value REAL, -- NULL is NaN, which SQLite cannot store; infinities are themselves
  PRIMARY KEY (run, series, step)
) STRICT, WITHOUT ROWID;

-- Where a run stood at a step on the other x axes.
CREATE TABLE ticks (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  examples INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  elapsed_ms REAL NOT NULL, -- training only
  PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;
