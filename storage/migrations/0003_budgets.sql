-- Budgets with a period: an account per level and period, who may spend how much, and who said so.

-- Whose tokens an account counts, and between which moments they were held. A level has one account
-- open at a time; a new one is opened when a period begins, and older ones stay as they are.
CREATE TABLE cell (
  account  TEXT PRIMARY KEY REFERENCES account(id),
  level    TEXT NOT NULL CHECK (level IN ('host','guild','member')),
  guild_id INTEGER NOT NULL,
  user_id  INTEGER NOT NULL,
  pot_id   INTEGER NOT NULL,
  first_at INTEGER,
  last_at  INTEGER
) STRICT;
CREATE INDEX cell_of ON cell(level, guild_id, user_id, last_at);
CREATE TRIGGER cell_fixed BEFORE UPDATE OF account, level, guild_id, user_id, pot_id ON cell
  BEGIN SELECT RAISE(ABORT, 'write once'); END;
CREATE TRIGGER cell_kept BEFORE DELETE ON cell BEGIN SELECT RAISE(ABORT, 'never deleted'); END;
CREATE TRIGGER entry_cell AFTER INSERT ON entry WHEN NEW.kind = 'hold' BEGIN
  UPDATE cell SET first_at = min(coalesce(first_at, NEW.at), NEW.at), last_at = max(coalesce(last_at, NEW.at), NEW.at)
   WHERE account = NEW.account;
END;
CREATE INDEX entry_held_at ON entry(account, at) WHERE kind = 'hold';
CREATE INDEX account_children ON account(parent);

INSERT INTO cell (account, level, guild_id, user_id, pot_id)
  SELECT id, 'host', 0, 0, 0 FROM account WHERE id = 'org'
  UNION ALL SELECT id, 'guild', CAST(substr(id, 7) AS INTEGER), 0, 0 FROM account WHERE id LIKE 'guild:%'
  UNION ALL SELECT id, 'member', CAST(substr(id, 8) AS INTEGER),
    CAST(substr(id, 8 + instr(substr(id, 8), ':')) AS INTEGER), 0 FROM account WHERE id LIKE 'member:%';
UPDATE cell SET (first_at, last_at) =
  (SELECT min(at), max(at) FROM entry e WHERE e.account = cell.account AND e.kind = 'hold');

-- What a guild's admins set. No row, or tokens NULL: no limit of the guild's own.
CREATE TABLE pool (
  guild_id  INTEGER PRIMARY KEY,
  tokens    INTEGER CHECK (tokens BETWEEN 0 AND 1000000000),
  kind      TEXT NOT NULL CHECK (kind IN ('day','week','month','rolling','none')),
  zone      TEXT NOT NULL,
  starts_on INTEGER NOT NULL CHECK (starts_on BETWEEN 1 AND 31)
) STRICT;
-- What one member may use of it: subject is a role's or member's id, 0 for everyone.
-- kind NULL: the pool's own period.
CREATE TABLE cap (
  guild_id INTEGER NOT NULL,
  whose    TEXT NOT NULL CHECK (whose IN ('everyone','role','member')),
  subject  INTEGER NOT NULL,
  tokens   INTEGER NOT NULL CHECK (tokens BETWEEN 0 AND 1000000000),
  kind     TEXT CHECK (kind IN ('day','week','month','rolling','none')),
  PRIMARY KEY (guild_id, whose, subject)
) STRICT;
-- Tokens given once, on top of a limit, in the period they are given in; user_id 0 is the pool.
CREATE TABLE bonus (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id INTEGER NOT NULL,
  user_id  INTEGER NOT NULL,
  tokens   INTEGER NOT NULL CHECK (tokens <> 0),
  at       INTEGER NOT NULL
) STRICT;
CREATE INDEX bonus_of ON bonus(guild_id, user_id, at);
CREATE TRIGGER bonus_fixed BEFORE UPDATE ON bonus BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER bonus_kept  BEFORE DELETE ON bonus BEGIN SELECT RAISE(ABORT, 'append only'); END;
-- Moments at which a period was begun anew by hand.
CREATE TABLE restart (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id INTEGER NOT NULL,
  user_id  INTEGER NOT NULL,
  at       INTEGER NOT NULL
) STRICT;
CREATE INDEX restart_of ON restart(guild_id, user_id, at);
CREATE TRIGGER restart_fixed BEFORE UPDATE ON restart BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER restart_kept  BEFORE DELETE ON restart BEGIN SELECT RAISE(ABORT, 'append only'); END;
-- Tokens of the pool set aside for one channel or thread until a date.
CREATE TABLE pot (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id      INTEGER NOT NULL,
  channel_id    INTEGER NOT NULL,
  tokens        INTEGER NOT NULL CHECK (tokens BETWEEN 1 AND 1000000000),
  member_tokens INTEGER CHECK (member_tokens BETWEEN 1 AND 1000000000),
  name          TEXT NOT NULL,
  begun_at      INTEGER NOT NULL,
  ends_at       INTEGER NOT NULL CHECK (ends_at > begun_at),
  closed_at     INTEGER
) STRICT;
CREATE INDEX pot_of ON pot(guild_id, ends_at);
CREATE TRIGGER pot_fixed BEFORE UPDATE OF guild_id, channel_id, tokens, member_tokens, begun_at, ends_at ON pot
  BEGIN SELECT RAISE(ABORT, 'write once'); END;
CREATE TRIGGER pot_kept BEFORE DELETE ON pot BEGIN SELECT RAISE(ABORT, 'never deleted'); END;
-- Spending stopped for a guild (user_id 0) or one of its members; actor 0 is the spend brake.
CREATE TABLE halt (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id  INTEGER NOT NULL,
  user_id   INTEGER NOT NULL,
  actor     INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  at        INTEGER NOT NULL,
  ends_at   INTEGER,
  lifted_at INTEGER,
  lifted_by INTEGER
) STRICT;
CREATE INDEX halt_of ON halt(guild_id, user_id);

-- Why a choice or a limit was changed, where the admin said so.
ALTER TABLE change ADD COLUMN reason TEXT;
-- Interactions that were acted on: Discord may hand the same one over again.
CREATE TABLE acted (interaction_id INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER acted_fixed BEFORE UPDATE ON acted BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER acted_kept  BEFORE DELETE ON acted BEGIN SELECT RAISE(ABORT, 'append only'); END;

-- An order that waits for its requester's own yes: the price is above what goes without asking, or
-- it was made smaller to fit. `job` is what it became.
CREATE TABLE draft (
  id         TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16)))),
  guild_id   INTEGER NOT NULL,
  user_id    INTEGER NOT NULL,
  body       TEXT NOT NULL CHECK (length(body) <= 20000),
  created_at INTEGER NOT NULL,
  job        INTEGER REFERENCES job(id)
) STRICT;
CREATE INDEX draft_age ON draft(created_at);

-- A job that waits for a moderator: its tokens are held, and come back by themselves at `ends_at`.
CREATE TABLE approval (
  job        INTEGER PRIMARY KEY REFERENCES job(id),
  ends_at    INTEGER NOT NULL,
  state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','approved','smaller','denied','lapsed','cancelled')),
  decided_by INTEGER,
  decided_at INTEGER,
  smaller    INTEGER REFERENCES job(id)
) STRICT;
CREATE INDEX approval_open ON approval(ends_at) WHERE state = 'waiting';
CREATE INDEX approval_smaller ON approval(smaller) WHERE smaller IS NOT NULL;
CREATE TRIGGER approval_once BEFORE UPDATE OF job, ends_at, state, decided_by, decided_at ON approval WHEN OLD.state <> 'waiting'
  BEGIN SELECT RAISE(ABORT, 'decided once'); END;
CREATE TRIGGER approval_kept BEFORE DELETE ON approval BEGIN SELECT RAISE(ABORT, 'never deleted'); END;
CREATE TRIGGER job_approved BEFORE UPDATE OF state ON job
  WHEN NEW.state = 'submitting' AND EXISTS (SELECT 1 FROM approval WHERE job = NEW.id AND state <> 'approved')
  BEGIN SELECT RAISE(ABORT, 'not approved'); END;

-- Messages to a guild's admins, written in the transaction they tell about. A mark comes once.
CREATE TABLE notice (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  guild_id   INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('warning','brake','change','approval')),
  mark       TEXT NOT NULL,
  body       TEXT NOT NULL,
  message_id INTEGER,
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL DEFAULT 0,
  done       INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0,1,2)),
  UNIQUE (guild_id, mark)
) STRICT;
CREATE INDEX notice_open ON notice(next_at, id) WHERE done = 0;

-- The vendor's balance next to our books at the same moment. `spent` is what jobs were charged, but
-- for those booked late: these, and what nobody here asked for, count from when they were made.
-- `open` is held for jobs that the vendor may or may not have charged by then.
CREATE TABLE reading (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  tokens  INTEGER NOT NULL,
  spent   INTEGER NOT NULL,
  open    INTEGER NOT NULL
) STRICT;
CREATE TRIGGER reading_fixed BEFORE UPDATE ON reading BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER reading_kept  BEFORE DELETE ON reading BEGIN SELECT RAISE(ABORT, 'append only'); END;
-- When a generation was made, by our clock; NULL for those of before this was noted.
ALTER TABLE vendor_claim ADD COLUMN at INTEGER;
CREATE INDEX claim_beside ON vendor_claim(at) WHERE how IN ('foreign','late');
-- The last reading that was judged before what it cost became known.
ALTER TABLE vendor_claim ADD COLUMN known_after INTEGER;
-- What each reading told next to an earlier one: `tokens` the vendor took (above 0) or added (below)
-- beyond all explanation; settled when nothing was under way, so that the next begins from here.
-- `found` is what was told as missing before and is explained now, by costs that became known since.
CREATE TABLE verdict (
  reading    INTEGER PRIMARY KEY REFERENCES reading(seq),
  since      INTEGER NOT NULL REFERENCES reading(seq),
  kind       TEXT NOT NULL CHECK (kind IN ('agrees','explained','missing','added')),
  tokens     INTEGER NOT NULL,
  found      INTEGER NOT NULL CHECK (found >= 0),
  is_settled INTEGER NOT NULL CHECK (is_settled IN (0,1)),
  at         INTEGER NOT NULL,
  CHECK (CASE kind WHEN 'missing' THEN tokens > 0 WHEN 'added' THEN tokens < 0 ELSE tokens = 0 END)
) STRICT;
CREATE TRIGGER verdict_fixed BEFORE UPDATE ON verdict BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER verdict_kept  BEFORE DELETE ON verdict BEGIN SELECT RAISE(ABORT, 'append only'); END;
-- Generations that the vendor's history tells otherwise than they were booked; nothing follows by itself.
CREATE TABLE dispute (
  vendor_id TEXT PRIMARY KEY REFERENCES vendor_claim(vendor_id),
  booked    INTEGER NOT NULL,
  told      INTEGER NOT NULL,
  status    TEXT NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
