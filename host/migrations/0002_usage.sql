-- Which revisions ever ran here, and when: what the usage index remembers over a restart of the host. Instances that run now are
-- not on this record, since every start of the host finds out anew. Rows stay when a revision is deleted.
CREATE TABLE revision_usage (
    strategy TEXT NOT NULL,
    hash TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (strategy, hash)
);
