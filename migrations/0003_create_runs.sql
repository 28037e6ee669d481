CREATE TABLE runs (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (
    state IN ('queued', 'running', 'paused', 'stopped', 'finished', 'failed', 'interrupted', 'archived')
  ),
  state_before_archive TEXT,
  phase TEXT,
  phase_progress REAL,
  config TEXT NOT NULL, -- JSON: RunConfig
  model TEXT NOT NULL REFERENCES models (id),
  dataset TEXT NOT NULL REFERENCES datasets (id),
  colour INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  step INTEGER NOT NULL DEFAULT 0,
  epoch REAL NOT NULL DEFAULT 0,
  plan TEXT, -- JSON: RunPlan
  engine TEXT, -- JSON: EngineInfo
  metrics TEXT NOT NULL DEFAULT '{}', -- JSON: {series: MetricSummary}
  timings TEXT, -- JSON: RunTimings
  error TEXT, -- JSON: ErrorPayload
  stop_requested INTEGER NOT NULL DEFAULT 0 CHECK (stop_requested IN (0, 1, 2)), -- stopValues of worker/protocol.ts
  bytes INTEGER NOT NULL DEFAULT 0,
  notes TEXT NOT NULL DEFAULT '',
  app_version TEXT NOT NULL,
  -- Who queued the run, then who runs it: see store/owner.ts.
  owner TEXT NOT NULL,
  next_seq INTEGER NOT NULL DEFAULT 0, -- the group of events that must come next
  revision INTEGER NOT NULL DEFAULT 1,
  deleted_at INTEGER
) STRICT;
CREATE INDEX runs_by_state ON runs (state, created_at);
CREATE INDEX runs_by_model ON runs (model);
CREATE INDEX runs_by_dataset ON runs (dataset);

CREATE TABLE log_lines (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL, -- from 0 without gaps
  at INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
  text TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  created_at INTEGER NOT NULL,
  folder TEXT NOT NULL, -- its name below runs/<run>/
  bytes INTEGER NOT NULL,
  best INTEGER NOT NULL CHECK (best IN (0, 1)),
  last INTEGER NOT NULL CHECK (last IN (0, 1)),
  metrics TEXT NOT NULL, -- JSON: {series: value}
  PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;
