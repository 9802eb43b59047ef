-- What an operator decided about risk, and how far instances are from being stopped. `instance` is '' for the host: ids of
-- instances are never empty. No reference to instances: the store deletes these rows with their instance.
CREATE TABLE risk_limits (
    instance TEXT PRIMARY KEY,
    limits TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- `stop` is NULL while nothing is engaged. `since` is of the host's clock when an operator engaged it, else of the provider's.
-- `closings` counts the closing orders of the host: their client order ids must never repeat.
CREATE TABLE risk_states (
    instance TEXT PRIMARY KEY,
    breaches BIGINT NOT NULL,
    closings BIGINT NOT NULL,
    stop TEXT,
    updated_at BIGINT NOT NULL
);

CREATE TABLE denials (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    instance TEXT NOT NULL,
    provider TEXT NOT NULL,
    symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    numbers TEXT NOT NULL,
    denied_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX denials_by_instance ON denials (instance, seq);
