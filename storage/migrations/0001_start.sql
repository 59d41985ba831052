-- Money: accounts, jobs, the vendor's generations, and the entries that move tokens.
-- The rules live here, in triggers and indexes, so that code which forgets one gets an error
-- instead of a wrong balance.

CREATE TABLE account (
  id     TEXT PRIMARY KEY,
  parent TEXT REFERENCES account(id),
  capped INTEGER NOT NULL DEFAULT 1 CHECK (capped IN (0,1)),
  lim    INTEGER NOT NULL DEFAULT 0 CHECK (lim  >= 0),
  held   INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  spent  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE job_state (name TEXT PRIMARY KEY, terminal INTEGER NOT NULL, has_vendor INTEGER NOT NULL) STRICT;
INSERT INTO job_state VALUES
  ('reserved',0,0), ('queued',0,0), ('submitting',0,0), ('unknown',0,0), ('pending',0,1),
  ('completed',1,1), ('failed',1,1), ('rejected',1,0), ('cancelled',1,0), ('not_submitted',1,0);
CREATE TABLE job_transition (a TEXT, b TEXT, PRIMARY KEY (a,b)) STRICT;
INSERT INTO job_transition VALUES
  ('reserved','queued'), ('reserved','cancelled'), ('queued','submitting'), ('queued','cancelled'),
  ('submitting','pending'), ('submitting','unknown'), ('submitting','rejected'), ('submitting','queued'),
  ('unknown','pending'), ('unknown','not_submitted'),
  ('pending','completed'), ('pending','failed');

CREATE TABLE job (
  id              INTEGER PRIMARY KEY,
  interaction_id  INTEGER NOT NULL UNIQUE,
  guild_id        INTEGER NOT NULL,
  user_id         INTEGER NOT NULL,
  channel_id      INTEGER NOT NULL,
  model           TEXT NOT NULL,
  request         TEXT NOT NULL CHECK (length(request) <= 20000),
  fingerprint     TEXT NOT NULL,
  hold            INTEGER NOT NULL CHECK (hold > 0),
  state           TEXT NOT NULL DEFAULT 'reserved' REFERENCES job_state(name),
  attention       TEXT,
  epoch           INTEGER,
  submit_at       INTEGER,
  submit_deadline INTEGER,
  absent_seen     INTEGER NOT NULL DEFAULT 0,
  absent_at       INTEGER,
  tokens          INTEGER CHECK (tokens >= 0),
  message_id      INTEGER,
  next_at         INTEGER NOT NULL DEFAULT 0,
  -- What members see and press; random, so that one guild cannot guess another's.
  public_id       TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(16)))),
  created_at      INTEGER NOT NULL DEFAULT (unixepoch()),
  -- The moment of sending on the vendor's clock: what the history's times are compared with.
  sent_at         INTEGER,
  -- First send that certainly did not leave; past a quarter of an hour the job is given up.
  tried_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX one_ambiguous ON job(fingerprint) WHERE state IN ('submitting','unknown');
CREATE INDEX job_by_state ON job(state, id);
CREATE INDEX job_open ON job(guild_id, user_id)
  WHERE state IN ('reserved','queued','submitting','unknown','pending');
CREATE INDEX job_given_up ON job(created_at) WHERE state = 'not_submitted';
CREATE INDEX job_guild_user ON job(guild_id, user_id, id);
CREATE TRIGGER job_starts BEFORE INSERT ON job WHEN NEW.state <> 'reserved'
  BEGIN SELECT RAISE(ABORT, 'a job starts as reserved'); END;
CREATE TRIGGER job_moves BEFORE UPDATE OF state ON job
  WHEN OLD.state IS NOT NEW.state AND NOT EXISTS (SELECT 1 FROM job_transition WHERE a = OLD.state AND b = NEW.state)
  BEGIN SELECT RAISE(ABORT, 'illegal transition'); END;
CREATE TRIGGER job_fixed BEFORE UPDATE OF interaction_id, guild_id, user_id, request, fingerprint, hold, public_id, created_at ON job
  BEGIN SELECT RAISE(ABORT, 'write once'); END;
CREATE TRIGGER job_kept BEFORE DELETE ON job BEGIN SELECT RAISE(ABORT, 'never deleted'); END;

CREATE TABLE event (seq INTEGER PRIMARY KEY, job INTEGER NOT NULL, a TEXT, b TEXT NOT NULL,
                    at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT;
CREATE INDEX event_job ON event(job, seq);
CREATE TRIGGER job_log AFTER UPDATE OF state ON job WHEN OLD.state IS NOT NEW.state
  BEGIN INSERT INTO event (job, a, b) VALUES (NEW.id, OLD.state, NEW.state); END;

CREATE TABLE vendor_claim (
  vendor_id  TEXT PRIMARY KEY CHECK (length(vendor_id) BETWEEN 1 AND 64),
  job INTEGER UNIQUE REFERENCES job(id),
  how        TEXT NOT NULL CHECK (how IN ('answer','adopted','late','foreign')),
  tokens     INTEGER CHECK (tokens >= 0),
  CHECK ((how = 'foreign') = (job IS NULL))
) STRICT;
CREATE TRIGGER claim_fixed BEFORE UPDATE OF vendor_id, job ON vendor_claim BEGIN SELECT RAISE(ABORT, 'write once'); END;
CREATE TRIGGER claim_kept BEFORE DELETE ON vendor_claim BEGIN SELECT RAISE(ABORT, 'never deleted'); END;

CREATE TABLE entry (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  account     TEXT NOT NULL REFERENCES account(id),
  job  INTEGER REFERENCES job(id),
  kind        TEXT NOT NULL CHECK (kind IN ('grant','hold','settle','release','correct')),
  d_lim       INTEGER NOT NULL DEFAULT 0,
  d_held      INTEGER NOT NULL DEFAULT 0,
  d_spent     INTEGER NOT NULL DEFAULT 0,
  overrun     INTEGER NOT NULL DEFAULT 0 CHECK (overrun IN (0,1)),
  resolves    INTEGER UNIQUE REFERENCES entry(seq),
  actor       INTEGER,
  reason      TEXT,
  at          INTEGER NOT NULL DEFAULT (unixepoch()),
  capped      INTEGER, lim_after INTEGER, held_after INTEGER, spent_after INTEGER,
  CHECK (CASE kind
    WHEN 'grant'   THEN d_held = 0 AND d_spent = 0 AND d_lim <> 0 AND resolves IS NULL AND job IS NULL
    WHEN 'hold'    THEN d_held > 0 AND d_spent = 0 AND d_lim = 0 AND resolves IS NULL AND job IS NOT NULL
    WHEN 'settle'  THEN d_held < 0 AND d_spent >= 0 AND d_lim = 0 AND resolves IS NOT NULL AND overrun = (d_spent > -d_held)
    WHEN 'release' THEN d_held < 0 AND d_spent = 0 AND d_lim = 0 AND resolves IS NOT NULL
    WHEN 'correct' THEN d_held = 0 AND d_lim = 0 AND d_spent <> 0 AND resolves IS NULL AND reason IS NOT NULL
  END)
) STRICT;
CREATE UNIQUE INDEX one_hold ON entry(job, account) WHERE kind = 'hold';
CREATE INDEX entry_account ON entry(account, seq);
CREATE INDEX entry_correct ON entry(job) WHERE kind = 'correct';
CREATE TRIGGER entry_budget BEFORE INSERT ON entry
  WHEN NEW.kind = 'hold' AND EXISTS (SELECT 1 FROM account WHERE id = NEW.account AND capped = 1 AND lim - held - spent < NEW.d_held)
  BEGIN SELECT RAISE(ABORT, 'budget'); END;
CREATE TRIGGER entry_resolves BEFORE INSERT ON entry
  WHEN NEW.resolves IS NOT NULL AND NOT EXISTS (SELECT 1 FROM entry h WHERE h.seq = NEW.resolves AND h.kind = 'hold'
       AND h.account = NEW.account AND h.job = NEW.job AND h.d_held = -NEW.d_held)
  BEGIN SELECT RAISE(ABORT, 'does not match its hold'); END;
CREATE TRIGGER entry_apply AFTER INSERT ON entry BEGIN
  UPDATE account SET lim = lim + NEW.d_lim, held = held + NEW.d_held, spent = spent + NEW.d_spent WHERE id = NEW.account;
  UPDATE entry SET (capped, lim_after, held_after, spent_after) = (SELECT capped, lim, held, spent FROM account WHERE id = NEW.account)
   WHERE seq = NEW.seq;
END;
CREATE TRIGGER entry_fixed BEFORE UPDATE ON entry WHEN OLD.lim_after IS NOT NULL BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER entry_kept  BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append only'); END;

CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES job(id),
  kind       TEXT NOT NULL CHECK (kind IN ('progress','final','late')),
  body       TEXT NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL DEFAULT 0,
  done       INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0,1,2)),
  UNIQUE (job, kind)
) STRICT;
CREATE INDEX outbox_open ON outbox(next_at, id) WHERE done = 0;
CREATE TABLE meta (k TEXT PRIMARY KEY, v INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES ('epoch', 0);

-- What a generation came to: the file at the vendor, later the copy of our own.
CREATE TABLE result (
  job           INTEGER PRIMARY KEY REFERENCES job(id),
  url           TEXT,
  error         TEXT,
  width         INTEGER,
  height        INTEGER,
  duration_s    INTEGER,
  submitted_at  INTEGER,
  seen_at       INTEGER NOT NULL,
  file          TEXT,
  size_bytes    INTEGER CHECK (size_bytes >= 0),
  sha256        TEXT
) STRICT;

-- The only way to reach a message whose ids were lost; kept for the token's 15 minutes.
CREATE TABLE interaction_token (
  job        INTEGER PRIMARY KEY REFERENCES job(id),
  token      TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

-- What the vendor told about models and prices; the three-second answer reads only this.
CREATE TABLE model (
  slug       TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  min_tokens INTEGER CHECK (min_tokens > 0),
  max_tokens INTEGER CHECK (max_tokens > 0),
  seen_at    INTEGER NOT NULL
) STRICT;
CREATE TABLE price (
  model      TEXT NOT NULL,
  duration_s INTEGER NOT NULL,
  tokens     INTEGER NOT NULL CHECK (tokens > 0),
  revision   INTEGER NOT NULL CHECK (revision > 0),
  seen_at    INTEGER NOT NULL,
  PRIMARY KEY (model, duration_s)
) STRICT;

-- How long generations took: the finish is known only to lie between two looks.
CREATE TABLE wait (
  seq          INTEGER PRIMARY KEY,
  job          INTEGER NOT NULL UNIQUE REFERENCES job(id),
  model        TEXT NOT NULL,
  duration_s   INTEGER NOT NULL,
  has_image    INTEGER NOT NULL CHECK (has_image IN (0,1)),
  outcome      TEXT NOT NULL CHECK (outcome IN ('completed','failed')),
  submitted_at INTEGER NOT NULL,
  after_s      INTEGER NOT NULL CHECK (after_s >= 0),
  within_s     INTEGER NOT NULL CHECK (within_s >= after_s)
) STRICT;
CREATE INDEX wait_model ON wait(model, duration_s, seq);

CREATE TABLE setting (
  scope TEXT NOT NULL,
  k     TEXT NOT NULL,
  v     TEXT NOT NULL,
  PRIMARY KEY (scope, k)
) STRICT;
