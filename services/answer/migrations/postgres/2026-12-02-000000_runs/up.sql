-- A run: a question that a model answers.
CREATE TABLE runs (
    -- The id of the message that it becomes.
    response_id UUID PRIMARY KEY,
    owner UUID NOT NULL,
    chat_id UUID NOT NULL,
    branch_id UUID NOT NULL,
    -- None before the first message.
    parent_response_id UUID,
    -- The depth of the parent, 0 for none.
    depth BIGINT NOT NULL,
    -- Whether the message goes to the branch, or to a fork of it at the parent; whether such a fork becomes the active branch.
    placement TEXT NOT NULL,
    activate BOOLEAN NOT NULL,
    -- Empty once it is stored or dropped, as are the other texts.
    question TEXT NOT NULL,
    input_items TEXT,
    instructions TEXT,
    model TEXT NOT NULL,
    -- A JSON object.
    parameters TEXT NOT NULL,
    truncation TEXT NOT NULL,
    stops_on_disconnect BOOLEAN NOT NULL,
    -- queued, running, sealed, stored or dropped.
    state TEXT NOT NULL,
    -- Rises with each change of the owner: a replica with a lower one has lost its authority.
    epoch BIGINT NOT NULL,
    replica UUID,
    -- Until when the owner has authority; of a sealed run, until when nobody else stores it.
    lease_until TIMESTAMPTZ,
    attempts INTEGER NOT NULL,
    -- Whether it shall stop.
    stop_requested BOOLEAN NOT NULL,
    -- The number of its chunks.
    seq BIGINT NOT NULL,
    -- The tokens that it is estimated to take, as far as they are counted in token_usage already.
    charged BIGINT NOT NULL,
    -- How many streams were opened, where it stops with the last.
    streams BIGINT NOT NULL,
    -- From the seal on until it is stored.
    response TEXT,
    output_items TEXT,
    -- From the seal on: a JSON object.
    finish TEXT,
    -- The message as it was stored, as long as there are chunks.
    message TEXT,
    -- The branch that has one live run at a time; none where it forks, and once it is stored or dropped.
    placed_branch UUID UNIQUE,
    key_id UUID UNIQUE,
    request_hash BYTEA,
    request_id TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ
) WITH (fillfactor = 80);
CREATE INDEX runs_owner ON runs (owner, created_at);
CREATE INDEX runs_chat ON runs (chat_id);
CREATE INDEX runs_live ON runs (owner, created_at) WHERE state IN ('queued', 'running', 'sealed');
CREATE INDEX runs_queue ON runs (created_at) WHERE state = 'queued';
CREATE INDEX runs_model ON runs (model) WHERE state = 'running';
CREATE INDEX runs_lease ON runs (lease_until) WHERE state = 'running';
CREATE INDEX runs_to_store ON runs (lease_until) WHERE state = 'sealed';
CREATE INDEX runs_ended ON runs (ended_at) WHERE state IN ('stored', 'dropped');
CREATE INDEX runs_with_chunks ON runs (ended_at) WHERE message IS NOT NULL;

-- What a model has said, in pieces that are numbered from 1 without gaps.
CREATE TABLE chunks (
    response_id UUID NOT NULL REFERENCES runs (response_id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (response_id, seq)
);

-- Tokens by user and day (days since 1970 in UTC), and in microseconds since 1970 until when the questions of the user last at the pace
-- that is allowed.
CREATE TABLE token_usage (
    owner UUID NOT NULL,
    day BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    questions_until BIGINT NOT NULL,
    PRIMARY KEY (owner, day)
);
CREATE INDEX token_usage_day ON token_usage (day);

-- The last state of chats that the chat service has told of.
CREATE TABLE chat_states (
    chat_id UUID PRIMARY KEY,
    number BIGINT NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX chat_states_recorded ON chat_states (recorded_at);
