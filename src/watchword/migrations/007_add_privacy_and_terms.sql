BEGIN;

-- Running upgrade 006_add_key_records -> 007_add_privacy_and_terms

CREATE TABLE ww_terms_documents (
    digest BYTEA NOT NULL,
    version VARCHAR(64) NOT NULL,
    address VARCHAR(2048),
    content BYTEA,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_terms_documents PRIMARY KEY (digest),
    CONSTRAINT ck_ww_terms_documents_digest CHECK (length(digest) = 32)
);

CREATE TABLE ww_peppers (
    name VARCHAR(32) NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_peppers PRIMARY KEY (name)
);

UPDATE ww_alembic_version SET version_num='007_add_privacy_and_terms' WHERE ww_alembic_version.version_num = '006_add_key_records';

COMMIT;
