-- What a notice's message is known by when it is sent once more. A row's number names another notice
-- in another database, or after books were put back, and Discord would take one for the other.
-- Rows from before keep the name that their first try had.
ALTER TABLE notice ADD COLUMN nonce TEXT CHECK (length(nonce) BETWEEN 1 AND 25);
UPDATE notice SET nonce = substr('reelbox-notice-' || id, 1, 25);
