-- The requests of the last day, each written before it leaves: with them a restart keeps within the
-- plan's allowance, and anybody can check that no hour and no day ever held more than it allows.
CREATE TABLE request (
  seq     INTEGER PRIMARY KEY,
  at      REAL NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('submit','look','upkeep','again'))
) STRICT;
CREATE INDEX request_at ON request(at);
CREATE INDEX wait_submitted ON wait(submitted_at);
CREATE INDEX wait_kind ON wait(model, duration_s, has_image, seq);
