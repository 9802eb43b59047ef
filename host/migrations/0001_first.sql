-- Times of venues (`*_at` in placed_at, acknowledged_at, completed_at, traded_at) and of the host's wall clock (created_at,
-- updated_at) are nanoseconds since the Unix epoch. Decimals are text: no database of ours computes with money.
-- `seq` is the order of arrival: lists are sorted by it, because two rows may carry the same time.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    selector TEXT NOT NULL,
    strategy TEXT NOT NULL,
    hash TEXT NOT NULL,
    tag TEXT,
    config TEXT NOT NULL,
    scope TEXT NOT NULL,
    limits TEXT NOT NULL,
    desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped')),
    run BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE providers (
    name TEXT PRIMARY KEY,
    adapter TEXT NOT NULL,
    config TEXT NOT NULL,
    desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE saved_state (
    instance TEXT PRIMARY KEY REFERENCES instances (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- No reference to instances: what was traded stays on record after an instance is deleted.
CREATE TABLE orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    instance TEXT NOT NULL,
    hash TEXT NOT NULL,
    run BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    order_type TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT,
    time_in_force TEXT NOT NULL,
    state TEXT NOT NULL,
    venue_order_id TEXT,
    filled_quantity TEXT NOT NULL,
    average_price TEXT NOT NULL,
    reason TEXT,
    placed_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    completed_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (provider, client_order_id)
);

CREATE INDEX orders_by_instance ON orders (instance, seq);
CREATE INDEX orders_open ON orders (seq) WHERE state IN ('PENDING', 'ACK', 'PARTIAL');

CREATE TABLE executions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    instance TEXT NOT NULL,
    quantity TEXT NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_asset TEXT NOT NULL,
    liquidity TEXT NOT NULL,
    traded_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (provider, execution_id),
    FOREIGN KEY (provider, client_order_id) REFERENCES orders (provider, client_order_id)
);

CREATE INDEX executions_by_instance ON executions (instance, seq);
CREATE INDEX executions_by_order ON executions (provider, client_order_id);
