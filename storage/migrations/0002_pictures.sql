-- Pictures to start from, where a job came from, and how its result is shown.

CREATE TABLE picture (
  file       TEXT PRIMARY KEY CHECK (length(file) BETWEEN 68 AND 69),
  width      INTEGER NOT NULL CHECK (width > 0),
  height     INTEGER NOT NULL CHECK (height > 0),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  -- Retention counts from the last use.
  used_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX picture_used ON picture(used_at);

-- `picture` names a file, not a row: the file is dropped after a time, the job stays.
ALTER TABLE job ADD COLUMN parent INTEGER REFERENCES job(id);
ALTER TABLE job ADD COLUMN picture TEXT;
ALTER TABLE job ADD COLUMN poster_id INTEGER;
CREATE INDEX job_parent ON job(parent) WHERE parent IS NOT NULL;
CREATE INDEX job_picture ON job(picture) WHERE picture IS NOT NULL;
CREATE INDEX job_message ON job(message_id) WHERE message_id IS NOT NULL;
DROP TRIGGER job_fixed;
CREATE TRIGGER job_fixed BEFORE UPDATE OF interaction_id, guild_id, user_id, request, fingerprint, hold, public_id, created_at, parent, picture, poster_id ON job
  BEGIN SELECT RAISE(ABORT, 'write once'); END;

-- What may still change about a result after it is made; a job without a row is shown plainly.
CREATE TABLE showing (
  job        INTEGER PRIMARY KEY REFERENCES job(id),
  alt_text   TEXT CHECK (length(alt_text) <= 1024),
  -- hidden: its requester may still fetch it; removed: nobody may, and the files are gone.
  hidden     TEXT CHECK (hidden IN ('hidden','removed')),
  hidden_by  INTEGER,
  hidden_as  TEXT CHECK (hidden_as IN ('requester','moderator','poster')),
  hidden_at  INTEGER,
  -- Where the result is, when that is not the card.
  channel_id INTEGER,
  message_id INTEGER,
  ping_id    INTEGER
) STRICT;
CREATE INDEX showing_message ON showing(message_id) WHERE message_id IS NOT NULL;
CREATE INDEX showing_ping ON showing(ping_id) WHERE ping_id IS NOT NULL;
CREATE INDEX result_kept ON result(seen_at) WHERE file IS NOT NULL;

-- A picture somebody pointed at, between the menu and the form: kept for an hour.
CREATE TABLE pick (
  id         TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  guild_id   INTEGER NOT NULL,
  user_id    INTEGER NOT NULL,
  source     TEXT NOT NULL CHECK (length(source) <= 8000),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pick_age ON pick(created_at);

-- Who changed which choice of a server, from what to what.
CREATE TABLE change (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id INTEGER NOT NULL,
  actor    INTEGER NOT NULL,
  what     TEXT NOT NULL,
  before   TEXT,
  after    TEXT,
  at       INTEGER NOT NULL
) STRICT;
CREATE INDEX change_guild ON change(guild_id, seq);
CREATE TRIGGER change_fixed BEFORE UPDATE ON change BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER change_kept  BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'append only'); END;

-- One more kind of message: "redraw", a result that is already shown is to be shown differently.
CREATE TABLE outbox_wider (
  id         INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES job(id),
  kind       TEXT NOT NULL CHECK (kind IN ('progress','final','late','redraw')),
  body       TEXT NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL DEFAULT 0,
  done       INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0,1,2)),
  UNIQUE (job, kind)
) STRICT;
INSERT INTO outbox_wider SELECT id, job, kind, body, attempts, next_at, done FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_wider RENAME TO outbox;
CREATE INDEX outbox_open ON outbox(next_at, id) WHERE done = 0;
CREATE INDEX outbox_parked ON outbox(job) WHERE done = 2;
