-- The vault: the only tables that hold identities, and they hold them as ciphertext.
-- Every other table knows a person by the random person_id alone.

-- A blind index is 16 bytes: HMAC-SHA256 of the normalised value under a key kept outside the database.
CREATE TABLE person (
    person_id   TEXT      PRIMARY KEY NOT NULL,
    id_bidx     BYTEA     NULL UNIQUE CHECK (id_bidx IS NULL OR length(id_bidx) = 16),
    number_bidx BYTEA     NULL UNIQUE CHECK (number_bidx IS NULL OR length(number_bidx) = 16),
    id_ct       BYTEA     NULL,
    number_ct   BYTEA     NULL,
    phone_ct    BYTEA     NULL,
    suite       SMALLINT  NOT NULL,
    key_id      TEXT      NOT NULL,
    row_version BIGINT    NOT NULL CHECK (row_version > 0),
    recorded_at TIMESTAMP NOT NULL,
    -- Somebody whom nothing identifies could never be found again.
    CHECK (id_bidx IS NOT NULL OR number_bidx IS NOT NULL),
    CHECK ((id_bidx IS NULL) = (id_ct IS NULL))
);

-- One row per spelling under which a person was entered. The check value is salted with the person,
-- so that equal names of two people do not look equal.
CREATE TABLE person_name (
    name_id     TEXT      PRIMARY KEY NOT NULL,
    person_id   TEXT      NOT NULL REFERENCES person (person_id),
    name_check  BYTEA     NOT NULL CHECK (length(name_check) = 16),
    name_ct     BYTEA     NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    UNIQUE (person_id, name_check)
);

-- Bank accounts. Two people may share one, so it stands by itself.
CREATE TABLE account (
    account_id   TEXT      PRIMARY KEY NOT NULL,
    account_bidx BYTEA     NOT NULL UNIQUE CHECK (length(account_bidx) = 16),
    account_ct   BYTEA     NOT NULL,
    recorded_at  TIMESTAMP NOT NULL
);
