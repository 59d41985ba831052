-- Whether the history showed a generation of ours as it was sent (1) or otherwise (0); NULL: not
-- compared yet. Kept, so that each is compared once, however often the bot is started.
ALTER TABLE vendor_claim ADD COLUMN as_sent INTEGER CHECK (as_sent IN (0,1));
