BEGIN;

-- Running upgrade 003_add_auth_time_asserted -> 004_index_degraded_sessions

CREATE INDEX ix_ww_sessions_degraded ON ww_sessions (provider_id) WHERE degraded_at IS NOT NULL;

UPDATE ww_alembic_version SET version_num='004_index_degraded_sessions' WHERE ww_alembic_version.version_num = '003_add_auth_time_asserted';

COMMIT;
