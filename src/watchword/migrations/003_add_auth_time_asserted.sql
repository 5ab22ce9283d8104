BEGIN;

-- Running upgrade 002_add_version_usage -> 003_add_auth_time_asserted

ALTER TABLE ww_sessions ADD COLUMN auth_time_asserted BOOLEAN DEFAULT false NOT NULL;

UPDATE ww_alembic_version SET version_num='003_add_auth_time_asserted' WHERE ww_alembic_version.version_num = '002_add_version_usage';

COMMIT;
