BEGIN;

-- Running upgrade 005_index_codes_to_clean_up -> 006_add_key_records

CREATE TABLE ww_key_ring_copies (
    store VARCHAR(600) NOT NULL,
    version VARCHAR(255) NOT NULL,
    sealed BYTEA NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_key_ring_copies PRIMARY KEY (store)
);

CREATE TABLE ww_key_uses (
    kid VARCHAR(128) NOT NULL,
    last_signed_at TIMESTAMP WITH TIME ZONE,
    last_verified_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ww_key_uses PRIMARY KEY (kid)
);

UPDATE ww_alembic_version SET version_num='006_add_key_records' WHERE ww_alembic_version.version_num = '005_index_codes_to_clean_up';

COMMIT;
