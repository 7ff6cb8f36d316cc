-- A branch: its place in the tree never changes, its head rises with every message.
CREATE TABLE branches (
    branch_id UUID PRIMARY KEY,
    root_chat_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    parent_branch_id UUID,
    forked_from UUID,
    fork_depth BIGINT NOT NULL,
    level BIGINT NOT NULL,
    -- Window and skip pointer, as store/sql/place.rs writes them.
    place BYTEA NOT NULL,
    name TEXT,
    head_depth BIGINT NOT NULL,
    head_response_id UUID,
    -- The head before the last append, so that the one UPDATE of an append can tell it.
    before_head_id UUID,
    -- On trunks alone.
    active_branch_id UUID,
    created_at TIMESTAMPTZ NOT NULL,
    key_id UUID UNIQUE,
    request_hash BYTEA,
    -- A tombstone: no id is used twice for a day.
    deleted_at TIMESTAMPTZ,
    -- When nothing was left of what a tombstone stood for.
    swept_at TIMESTAMPTZ
);
CREATE INDEX branches_by_tree ON branches (root_chat_id, level, created_at, branch_id) WHERE deleted_at IS NULL;
CREATE INDEX branches_by_parent ON branches (parent_branch_id, created_at, branch_id) WHERE deleted_at IS NULL;
CREATE INDEX branches_by_fork ON branches (forked_from, created_at, branch_id) WHERE deleted_at IS NULL;
CREATE INDEX branches_to_sweep ON branches (deleted_at) WHERE deleted_at IS NOT NULL AND swept_at IS NULL;
CREATE INDEX branches_to_purge ON branches (deleted_at) WHERE swept_at IS NOT NULL;

-- A message never changes. The texts stand last: what comes before them is read without them.
CREATE TABLE messages (
    response_id UUID PRIMARY KEY,
    branch_id UUID NOT NULL REFERENCES branches,
    depth BIGINT NOT NULL,
    parent_response_id UUID,
    owner_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- The bytes of question and response; never 0 but where they were scrubbed.
    text_bytes BIGINT NOT NULL,
    key_id UUID UNIQUE,
    request_hash BYTEA,
    metadata TEXT NOT NULL,
    question TEXT NOT NULL,
    response TEXT NOT NULL
);
CREATE UNIQUE INDEX messages_by_line ON messages (branch_id, depth);
CREATE INDEX messages_by_owner ON messages (owner_id, created_at, response_id);
