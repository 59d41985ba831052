-- Each of these must return no row, always: straight after a kill as well as in a quiet hour.
-- They also see what SQLite's own checks cannot: it keeps no checksum of a stored number.

-- name: I01 a balance is the sum of its entries
SELECT a.id FROM account a LEFT JOIN (SELECT account, sum(d_lim) l, sum(d_held) h, sum(d_spent) s FROM entry GROUP BY account) e ON e.account = a.id
 WHERE a.lim <> coalesce(l,0) OR a.held <> coalesce(h,0) OR a.spent <> coalesce(s,0);
-- name: I02 running balances chain from row to row
SELECT seq FROM (SELECT seq, d_lim, d_held, d_spent, lim_after, held_after, spent_after,
   lag(lim_after,1,0) OVER w pl, lag(held_after,1,0) OVER w ph, lag(spent_after,1,0) OVER w ps FROM entry WINDOW w AS (PARTITION BY account ORDER BY seq))
 WHERE lim_after IS NOT pl + d_lim OR held_after IS NOT ph + d_held OR spent_after IS NOT ps + d_spent;
-- name: I03 no hold was ever granted above its limit
SELECT seq FROM entry WHERE kind = 'hold' AND capped = 1 AND held_after + spent_after > lim_after;
-- name: I04 nothing is ever held below zero
SELECT seq FROM entry WHERE held_after < 0 OR lim_after < 0;
-- name: I05 a hold is resolved at most once, by its own amount
SELECT h.seq FROM entry h JOIN entry r ON r.resolves = h.seq WHERE h.kind = 'hold' GROUP BY h.seq HAVING count(*) > 1 OR sum(r.d_held) <> -h.d_held;
-- name: I06 open job if and only if open holds, on every level
SELECT g.id FROM job g JOIN job_state s ON s.name = g.state LEFT JOIN entry h ON h.job = g.id AND h.kind = 'hold' LEFT JOIN entry r ON r.resolves = h.seq
 WHERE h.seq IS NULL OR h.d_held <> g.hold OR (s.terminal = 0 AND r.seq IS NOT NULL) OR (s.terminal = 1 AND r.seq IS NULL);
-- name: I07 settled exactly what the vendor charged; everything else is free
SELECT g.id FROM job g JOIN entry h ON h.job = g.id AND h.kind = 'hold' JOIN entry r ON r.resolves = h.seq
 WHERE NOT (CASE g.state WHEN 'completed' THEN r.kind = 'settle' AND r.d_spent = g.tokens WHEN 'failed' THEN r.d_spent = g.tokens AND r.kind = 'settle' ELSE r.kind = 'release' AND r.d_spent = 0 END);
-- name: I08 all three levels agree on every event
SELECT job FROM entry WHERE kind IN ('hold','settle','release') GROUP BY job, kind HAVING count(*) <> 3 OR count(DISTINCT d_held || '/' || d_spent) > 1;
-- name: I09 a parent holds and spends what its children do
SELECT p.id FROM account p JOIN account c ON c.parent = p.id GROUP BY p.id HAVING p.held <> sum(c.held) OR p.spent <> sum(c.spent);
-- name: I10 a vendor claim exists exactly in the states that need one
SELECT g.id FROM job g JOIN job_state s ON s.name = g.state LEFT JOIN vendor_claim v ON v.job = g.id
 WHERE (s.has_vendor = 1 AND (v.vendor_id IS NULL OR v.how NOT IN ('answer','adopted'))) OR (s.has_vendor = 0 AND v.vendor_id IS NOT NULL AND NOT (s.terminal = 1 AND v.how = 'late'));
-- name: I11 a late vendor job is booked once, for its cost, on three levels
SELECT v.vendor_id FROM vendor_claim v LEFT JOIN entry e ON e.job = v.job AND e.kind = 'correct' WHERE v.how = 'late' GROUP BY v.vendor_id
 HAVING coalesce(sum(e.d_spent),0) <> 3 * coalesce(v.tokens,0);
-- name: I12 a finished job has its final message queued or sent
SELECT g.id FROM job g JOIN job_state s ON s.name = g.state WHERE s.terminal = 1 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.job = g.id AND o.kind = 'final');
-- name: I13 anything that may have been sent carries its window
SELECT id FROM job WHERE state IN ('submitting','unknown','pending','completed','failed','not_submitted') AND (submit_at IS NULL OR submit_deadline IS NULL OR submit_deadline < submit_at);
-- name: I14 the event log ends where the job is, without gaps
SELECT g.id FROM job g LEFT JOIN (SELECT job, b, a, lag(b,1,'reserved') OVER (PARTITION BY job ORDER BY seq) prev, row_number() OVER (PARTITION BY job ORDER BY seq DESC) n FROM event) e ON e.job = g.id
 WHERE (e.n = 1 AND e.b <> g.state) OR e.prev IS NOT e.a AND e.job IS NOT NULL OR (e.job IS NULL AND g.state <> 'reserved');
-- name: I15 overruns are flagged for the operator
SELECT g.id FROM job g JOIN entry e ON e.job = g.id WHERE e.overrun = 1 AND g.attention IS NULL;
-- name: I16 an account tells whose it is and between which moments its holds were taken
SELECT a.id FROM account a LEFT JOIN cell c ON c.account = a.id
 WHERE c.account IS NULL OR c.first_at IS NOT (SELECT min(at) FROM entry WHERE account = a.id AND kind = 'hold')
    OR c.last_at IS NOT (SELECT max(at) FROM entry WHERE account = a.id AND kind = 'hold');
-- name: I17 the host stands above guilds and their pots, and these above their own members
SELECT c.account FROM cell c JOIN account a ON a.id = c.account LEFT JOIN cell p ON p.account = a.parent
 WHERE (CASE c.level WHEN 'host' THEN a.parent IS NULL AND c.guild_id = 0 AND c.user_id = 0 AND c.pot_id = 0
   WHEN 'guild' THEN p.level = 'host' AND c.user_id = 0 AND (c.pot_id = 0 OR EXISTS (SELECT 1 FROM pot WHERE id = c.pot_id AND guild_id = c.guild_id))
   WHEN 'member' THEN p.level = 'guild' AND p.guild_id = c.guild_id AND p.pot_id = c.pot_id END) IS NOT TRUE;
-- name: I18 a job is held on an account of whoever asked for it
SELECT h.job FROM cell c JOIN entry h ON h.account = c.account AND h.kind = 'hold' WHERE c.level = 'member'
   AND NOT EXISTS (SELECT 1 FROM job g INDEXED BY job_guild_user WHERE g.guild_id = c.guild_id AND g.user_id = c.user_id AND g.id = h.job);
-- name: I19 what waits for a moderator is not sent, and what was not approved never was
SELECT a.job FROM approval a JOIN job g ON g.id = a.job WHERE (a.state = 'waiting' AND g.state NOT IN ('reserved','queued'))
   OR (a.state NOT IN ('waiting','approved') AND g.state <> 'cancelled') OR (a.state = 'smaller') <> (a.smaller IS NOT NULL);
