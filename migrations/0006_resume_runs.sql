-- A run may pause, and go on later. SQLite cannot widen a CHECK: the column is made anew.
ALTER TABLE runs RENAME COLUMN stop_requested TO former_stop_requested;
ALTER TABLE runs ADD COLUMN stop_requested INTEGER NOT NULL DEFAULT 0 CHECK (stop_requested IN (0, 1, 2, 3));
UPDATE runs SET stop_requested = former_stop_requested;
ALTER TABLE runs DROP COLUMN former_stop_requested;
-- Grows each time the run is queued again: groups of events count from 0 in each, and known curves are no longer right.
ALTER TABLE runs ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
-- Milliseconds between the attempts, and since when another such pause lasts.
ALTER TABLE runs ADD COLUMN idle_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN idle_since INTEGER;
