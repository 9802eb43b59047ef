-- Whether a provider was ever started (0 or 1), and the newest execution on record when it was made: its paper account
-- begins there.
ALTER TABLE providers ADD COLUMN started BIGINT NOT NULL DEFAULT 1;
ALTER TABLE providers ADD COLUMN account_from BIGINT NOT NULL DEFAULT 0;
