-- Several invariants in one look each: no row here means no row there, for rows as `quick_check`
-- leaves them. A row says nothing yet: then each of the named ones is asked by itself.

-- screen: I01 I02 I03 I04
-- Each entry carries on from the one before it on its account, and the account's balance is the
-- last of these: so the sum over all of them, which is what I01 adds up, is that balance.
SELECT 1 FROM entry e NOT INDEXED
 WHERE ((e.lim_after - e.d_lim, e.held_after - e.d_held, e.spent_after - e.d_spent) IS NOT
     (SELECT p.lim_after, p.held_after, p.spent_after FROM entry p WHERE p.account = e.account AND p.seq < e.seq ORDER BY p.seq DESC LIMIT 1)
   AND NOT (e.lim_after IS e.d_lim AND e.held_after IS e.d_held AND e.spent_after IS e.d_spent
     AND NOT EXISTS (SELECT 1 FROM entry p WHERE p.account = e.account AND p.seq < e.seq)))
  OR (e.kind = 'hold' AND e.capped = 1 AND e.held_after + e.spent_after > e.lim_after) OR e.held_after < 0 OR e.lim_after < 0
UNION ALL
SELECT 1 FROM account a LEFT JOIN entry e ON e.seq = (SELECT max(l.seq) FROM entry l WHERE l.account = a.id)
 WHERE (a.lim, a.held, a.spent) IS NOT (coalesce(e.lim_after, 0), coalesce(e.held_after, 0), coalesce(e.spent_after, 0));

-- screen: I05 I06 I07 I08 I18
-- No hold is resolved twice, so three rows of a job are three holds. As there are no more holds than
-- three for each job, and no more resolutions than three for each that ended, all were looked at.
SELECT 1 FROM entry WHERE resolves IS NOT NULL GROUP BY resolves HAVING count(*) > 1
UNION ALL
SELECT 1 FROM job g LEFT JOIN job_state s ON s.name = g.state
  LEFT JOIN entry h ON h.job = g.id AND h.kind = 'hold' LEFT JOIN cell c ON c.account = h.account LEFT JOIN entry r ON r.resolves = h.seq
 GROUP BY g.id
HAVING count(*) <> 3 OR max(h.d_held IS NOT g.hold OR h.d_spent IS NOT 0 OR s.terminal IS NOT (r.seq IS NOT NULL)
   OR (c.level = 'member' AND (c.guild_id IS NOT g.guild_id OR c.user_id IS NOT g.user_id))
   OR (r.seq IS NOT NULL AND (r.job IS NOT g.id OR r.d_held IS NOT -g.hold
     OR CASE WHEN g.state IN ('completed','failed') THEN r.kind <> 'settle' OR r.d_spent IS NOT g.tokens ELSE r.kind <> 'release' OR r.d_spent <> 0 END)))
UNION ALL
SELECT 1 FROM (SELECT total(kind = 'hold') holds, total(kind IN ('settle','release')) ends FROM entry NOT INDEXED)
 WHERE holds <> (SELECT 3 * count(*) FROM job) OR ends <> (SELECT 3 * count(*) FROM job g JOIN job_state s ON s.name = g.state AND s.terminal = 1);

-- screen: I14
SELECT 1 FROM event e NOT INDEXED
 WHERE e.a IS NOT coalesce((SELECT p.b FROM event p WHERE p.job = e.job AND p.seq < e.seq ORDER BY p.seq DESC LIMIT 1), 'reserved')
UNION ALL
SELECT 1 FROM job g WHERE g.state IS NOT coalesce((SELECT l.b FROM event l WHERE l.job = g.id ORDER BY l.seq DESC LIMIT 1), 'reserved');
