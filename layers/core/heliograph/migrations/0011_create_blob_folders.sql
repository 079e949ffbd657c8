-- Which folder of blobs belongs to this database. Several nodes must share one: a node that was
-- given another, or a volume that is not mounted, would keep results where the others cannot read
-- them. The mark comes from the secret in the folder that signs its links, and does not tell it.

CREATE TABLE blob_folders (
    id integer CONSTRAINT blob_folders_pkey PRIMARY KEY CONSTRAINT blob_folders_id_check CHECK (id = 1),
    mark text NOT NULL,
    marked_at timestamptz NOT NULL
);
