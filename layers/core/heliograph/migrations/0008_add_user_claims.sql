-- What row-level security may know of a person, beside who they are: names and texts that admins set.
--
-- Policies are told every name that anybody has, so each query asks for all names. The index keeps
-- the list of names of each person who has any: the different lists are found by stepping from one
-- to the next in it, and nobody's claims are read.

ALTER TABLE users
    ADD COLUMN claims jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT users_claims_check CHECK (jsonb_typeof(claims) = 'object');

CREATE INDEX users_claim_names_idx ON users (jsonb_path_query_array(claims, '$.keyvalue().key'))
    WHERE claims <> '{}';
