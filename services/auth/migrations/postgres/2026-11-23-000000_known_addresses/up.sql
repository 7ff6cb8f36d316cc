-- From where a user has logged in: who did is not held up by what others fail at.
CREATE TABLE known_addresses (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- An address of IPv4, or the network /64 of one of IPv6.
    address TEXT NOT NULL,
    -- The last time.
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, address)
);
CREATE INDEX known_addresses_seen ON known_addresses (seen_at);
