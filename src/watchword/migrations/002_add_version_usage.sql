BEGIN;

-- Running upgrade 001_add_auth_tables -> 002_add_version_usage

CREATE TABLE ww_version_usage (
    digest BYTEA NOT NULL,
    version VARCHAR(64) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    user_id UUID,
    client_id VARCHAR(255),
    network VARCHAR(64),
    calls BIGINT NOT NULL,
    would_refuse BIGINT NOT NULL,
    last_refusal VARCHAR(64),
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_version_usage PRIMARY KEY (digest),
    CONSTRAINT ck_ww_version_usage_digest CHECK (length(digest) = 32),
    CONSTRAINT ck_ww_version_usage_kind CHECK (kind IN ('user', 'client', 'network', 'others')),
    CONSTRAINT ck_ww_version_usage_caller CHECK ((user_id IS NOT NULL) = (kind = 'user') AND (client_id IS NOT NULL) = (kind IN ('user', 'client')) AND (network IS NULL OR kind = 'network')),
    CONSTRAINT ck_ww_version_usage_calls CHECK (calls >= 1 AND would_refuse BETWEEN 0 AND calls),
    CONSTRAINT ck_ww_version_usage_last_refusal CHECK ((last_refusal IS NULL) = (would_refuse = 0)),
    CONSTRAINT ck_ww_version_usage_seen CHECK (first_seen_at <= last_seen_at),
    CONSTRAINT fk_ww_version_usage_user_id FOREIGN KEY(user_id) REFERENCES ww_users (id) ON DELETE CASCADE
);

ALTER TABLE ww_version_usage SET (fillfactor = 75);

CREATE INDEX ix_ww_version_usage_user_id ON ww_version_usage (user_id);

UPDATE ww_alembic_version SET version_num='002_add_version_usage' WHERE ww_alembic_version.version_num = '001_add_auth_tables';

COMMIT;
