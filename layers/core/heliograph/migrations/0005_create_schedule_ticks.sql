-- The schedules of an installation without EventBridge. A tick is one moment at which one schedule
-- is due; who inserts its row calls the function, so that two nodes on one database do it once. A
-- node that dies in the middle says nothing: its lease ends, and the tick is done again.
CREATE TABLE schedule_ticks (
    name text NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL,
    attempts integer NOT NULL CONSTRAINT schedule_ticks_attempts_check CHECK (attempts > 0),
    finished_at timestamptz,
    CONSTRAINT schedule_ticks_pkey PRIMARY KEY (name, due_at)
);
