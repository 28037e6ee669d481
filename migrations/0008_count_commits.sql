-- How many commits were told to a person as done; noted beside the database too, so that lost ones are seen.
CREATE TABLE commits (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  durable INTEGER NOT NULL
) STRICT;
INSERT INTO commits (id, durable) VALUES (1, 0);
