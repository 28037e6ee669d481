-- Datasets may come from more than CSV and JSONL files: what a format is, is the contract's word.
ALTER TABLE datasets ADD COLUMN source_format TEXT NOT NULL DEFAULT '';
UPDATE datasets SET source_format = format;
ALTER TABLE datasets DROP COLUMN format;
ALTER TABLE datasets RENAME COLUMN source_format TO format;
