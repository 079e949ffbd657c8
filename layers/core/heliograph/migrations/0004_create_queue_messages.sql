-- The queues of an installation without SQS: one table for all of them. A message is claimed by
-- moving visible_at into the future (the lease) under a receipt of its own; a receiver that dies
-- says nothing, and the message becomes visible again by itself.
CREATE TABLE queue_messages (
    id uuid CONSTRAINT queue_messages_pkey PRIMARY KEY,
    queue text NOT NULL CONSTRAINT queue_messages_queue_check CHECK (queue ~ '^[a-z][a-z0-9_]{0,62}$'),
    body text NOT NULL,
    sent_at timestamptz NOT NULL,
    visible_at timestamptz NOT NULL,
    receive_count integer NOT NULL CONSTRAINT queue_messages_receive_count_check CHECK (receive_count >= 0),
    receipt uuid,
    dead_from text,
    CONSTRAINT queue_messages_receipt_check CHECK (receipt IS NULL OR receive_count > 0)
);

-- What a receiver asks: the messages of one queue that are visible, the longest visible first.
CREATE INDEX queue_messages_queue_visible_at_idx ON queue_messages (queue, visible_at, id);
