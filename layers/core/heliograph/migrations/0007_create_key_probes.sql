-- A secret that holds nothing, by which a key is recognised: one that opens it is the key that the
-- other secrets were encrypted with. Without it, a key file that was lost and made anew looks well
-- until somebody tries to sign in.

CREATE TABLE key_probes (
    id integer CONSTRAINT key_probes_pkey PRIMARY KEY CONSTRAINT key_probes_id_check CHECK (id = 1),
    sealed bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);
