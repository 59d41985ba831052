-- What members wrote may be emptied once a job has ended; nothing else of a request ever changes.
-- (By plain text: functions for JSON are not let into a trigger by older versions of SQLite.)
DROP TRIGGER job_fixed;
CREATE TRIGGER job_fixed BEFORE UPDATE OF interaction_id, guild_id, user_id, fingerprint, hold, public_id, created_at ON job
  BEGIN SELECT RAISE(ABORT, 'write once'); END;
CREATE TRIGGER job_request_fixed BEFORE UPDATE OF request ON job
  WHEN NOT EXISTS (SELECT 1 FROM job_state WHERE name = OLD.state AND terminal = 1)
    OR NOT instr(NEW.request, '"prompt":""') OR NOT instr(NEW.request, '"negative_prompt":null')
    OR length(NEW.request) > length(OLD.request)
  BEGIN SELECT RAISE(ABORT, 'write once'); END;
