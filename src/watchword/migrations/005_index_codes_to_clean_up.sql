BEGIN;

-- Running upgrade 004_index_degraded_sessions -> 005_index_codes_to_clean_up

CREATE INDEX ix_ww_authorization_codes_without_session ON ww_authorization_codes (expires_at) WHERE (session_id IS NULL) IS TRUE;

UPDATE ww_alembic_version SET version_num='005_index_codes_to_clean_up' WHERE ww_alembic_version.version_num = '004_index_degraded_sessions';

COMMIT;
