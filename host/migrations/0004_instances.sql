-- How faults of an instance are answered where that differs from the host's ways, whether it starts by itself, and what must be
-- known of a quarantined one after a restart of the host. `quarantined_at` is set while it is in quarantine.
ALTER TABLE instances ADD COLUMN restart TEXT NOT NULL DEFAULT '{}';
ALTER TABLE instances ADD COLUMN autostart BIGINT NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN quarantined_at BIGINT;
ALTER TABLE instances ADD COLUMN last_error TEXT;
