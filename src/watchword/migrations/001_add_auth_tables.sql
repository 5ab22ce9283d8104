BEGIN;

CREATE TABLE ww_alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT ww_alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 001_add_auth_tables

CREATE TABLE ww_users (
    id UUID NOT NULL,
    status VARCHAR(16) NOT NULL,
    version INTEGER NOT NULL,
    email VARCHAR(320),
    name VARCHAR(255),
    identity_roles JSONB NOT NULL,
    granted_roles JSONB NOT NULL,
    denied_roles JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_sign_in_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ww_users PRIMARY KEY (id),
    CONSTRAINT ck_ww_users_status CHECK (status IN ('active', 'disabled', 'erased')),
    CONSTRAINT ck_ww_users_version CHECK (version >= 1)
);

CREATE INDEX ix_ww_users_email ON ww_users (email);

CREATE TABLE ww_identities (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    provider_id VARCHAR(64) NOT NULL,
    issuer VARCHAR(1024) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    email VARCHAR(320),
    verified_email VARCHAR(320),
    name VARCHAR(255),
    roles JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_sign_in_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_identities PRIMARY KEY (id),
    CONSTRAINT uq_ww_identities_issuer_subject UNIQUE (issuer, subject),
    CONSTRAINT ck_ww_identities_identified CHECK (issuer <> '' AND subject <> ''),
    CONSTRAINT fk_ww_identities_user_id FOREIGN KEY(user_id) REFERENCES ww_users (id) ON DELETE CASCADE
);

CREATE INDEX ix_ww_identities_user_id ON ww_identities (user_id);

CREATE INDEX ix_ww_identities_verified_email ON ww_identities (verified_email);

CREATE TABLE ww_provider_grants (
    id UUID NOT NULL,
    identity_id UUID NOT NULL,
    sealed_tokens BYTEA,
    sealed_id_token BYTEA,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE,
    lease_id UUID,
    lease_ends_at TIMESTAMP WITH TIME ZONE,
    asking_since TIMESTAMP WITH TIME ZONE,
    degraded_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_reason VARCHAR(32),
    CONSTRAINT pk_ww_provider_grants PRIMARY KEY (id),
    CONSTRAINT ck_ww_provider_grants_lease CHECK ((lease_id IS NULL) = (lease_ends_at IS NULL)),
    CONSTRAINT ck_ww_provider_grants_ended CHECK ((ended_at IS NULL) = (ended_reason IS NULL)),
    CONSTRAINT fk_ww_provider_grants_identity_id FOREIGN KEY(identity_id) REFERENCES ww_identities (id) ON DELETE CASCADE
);

CREATE INDEX ix_ww_provider_grants_identity_id ON ww_provider_grants (identity_id);

CREATE TABLE ww_sessions (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    identity_id UUID NOT NULL,
    grant_id UUID,
    provider_id VARCHAR(64) NOT NULL,
    client_id VARCHAR(255) NOT NULL,
    scopes JSONB NOT NULL,
    user_version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    auth_time TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    idle_ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    absolute_ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoked_reason VARCHAR(32),
    device VARCHAR(255),
    ip VARCHAR(64),
    provider_sid VARCHAR(512),
    generation INTEGER NOT NULL,
    refresh_digest BYTEA NOT NULL,
    previous_digest BYTEA,
    sealed_successor BYTEA,
    rotated_at TIMESTAMP WITH TIME ZONE,
    recheck_due_at TIMESTAMP WITH TIME ZONE,
    degraded_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ww_sessions PRIMARY KEY (id),
    CONSTRAINT ck_ww_sessions_generation CHECK (generation >= 1),
    CONSTRAINT ck_ww_sessions_user_version CHECK (user_version >= 1),
    CONSTRAINT ck_ww_sessions_ends_in_order CHECK (idle_ends_at <= absolute_ends_at),
    CONSTRAINT ck_ww_sessions_refresh_digest CHECK (length(refresh_digest) = 32),
    CONSTRAINT ck_ww_sessions_previous_digest CHECK (length(previous_digest) = 32),
    CONSTRAINT ck_ww_sessions_rotated CHECK ((previous_digest IS NULL) = (rotated_at IS NULL)),
    CONSTRAINT ck_ww_sessions_revoked CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    CONSTRAINT fk_ww_sessions_user_id FOREIGN KEY(user_id) REFERENCES ww_users (id) ON DELETE CASCADE,
    CONSTRAINT fk_ww_sessions_identity_id FOREIGN KEY(identity_id) REFERENCES ww_identities (id) ON DELETE CASCADE,
    CONSTRAINT fk_ww_sessions_grant_id FOREIGN KEY(grant_id) REFERENCES ww_provider_grants (id) ON DELETE SET NULL
);

ALTER TABLE ww_sessions SET (fillfactor = 75);

CREATE INDEX ix_ww_sessions_user_id ON ww_sessions (user_id);

CREATE INDEX ix_ww_sessions_created_at ON ww_sessions (created_at);

CREATE INDEX ix_ww_sessions_absolute_ends_at ON ww_sessions (absolute_ends_at);

CREATE INDEX ix_ww_sessions_identity_id ON ww_sessions (identity_id);

CREATE INDEX ix_ww_sessions_grant_id ON ww_sessions (grant_id);

CREATE INDEX ix_ww_sessions_provider_sid ON ww_sessions (provider_sid);

CREATE TABLE ww_single_use (
    kind VARCHAR(32) NOT NULL,
    digest BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_single_use PRIMARY KEY (kind, digest),
    CONSTRAINT ck_ww_single_use_digest CHECK (length(digest) BETWEEN 1 AND 64)
);

CREATE INDEX ix_ww_single_use_expires_at ON ww_single_use (expires_at);

CREATE TABLE ww_authorization_codes (
    digest BYTEA NOT NULL,
    client_id VARCHAR(255) NOT NULL,
    redirect_uri VARCHAR(2048) NOT NULL,
    code_challenge VARCHAR(128) NOT NULL,
    scopes JSONB NOT NULL,
    nonce VARCHAR(255),
    user_id UUID,
    sealed_sign_in BYTEA NOT NULL,
    auth_time TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    session_id UUID,
    CONSTRAINT pk_ww_authorization_codes PRIMARY KEY (digest),
    CONSTRAINT ck_ww_authorization_codes_digest CHECK (length(digest) = 32),
    CONSTRAINT ck_ww_authorization_codes_used CHECK (session_id IS NULL OR used_at IS NOT NULL),
    CONSTRAINT fk_ww_authorization_codes_user_id FOREIGN KEY(user_id) REFERENCES ww_users (id) ON DELETE CASCADE,
    CONSTRAINT fk_ww_authorization_codes_session_id FOREIGN KEY(session_id) REFERENCES ww_sessions (id) ON DELETE SET NULL
);

CREATE INDEX ix_ww_authorization_codes_expires_at ON ww_authorization_codes (expires_at);

CREATE INDEX ix_ww_authorization_codes_user_id ON ww_authorization_codes (user_id);

CREATE INDEX ix_ww_authorization_codes_session_id ON ww_authorization_codes (session_id);

CREATE TABLE ww_revocations (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    kind VARCHAR(16) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    session_id UUID,
    generation INTEGER,
    issuer VARCHAR(1024),
    value VARCHAR(255),
    CONSTRAINT pk_ww_revocations PRIMARY KEY (sequence),
    CONSTRAINT ck_ww_revocations_kind CHECK (kind IN ('session', 'generation', 'token', 'client', 'subject', 'key')),
    CONSTRAINT ck_ww_revocations_shape CHECK (CASE kind WHEN 'session' THEN session_id IS NOT NULL WHEN 'generation' THEN session_id IS NOT NULL AND generation IS NOT NULL WHEN 'subject' THEN issuer IS NOT NULL AND value IS NOT NULL ELSE value IS NOT NULL END)
);

CREATE INDEX ix_ww_revocations_created_at ON ww_revocations (created_at);

CREATE INDEX ix_ww_revocations_expires_at ON ww_revocations (expires_at);

CREATE TABLE ww_signing_keys (
    kid VARCHAR(128) NOT NULL,
    algorithm VARCHAR(16) NOT NULL,
    state VARCHAR(16) NOT NULL,
    public_jwk JSONB NOT NULL,
    sealed_private BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    activated_at TIMESTAMP WITH TIME ZONE,
    retired_at TIMESTAMP WITH TIME ZONE,
    verify_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_ww_signing_keys PRIMARY KEY (kid),
    CONSTRAINT ck_ww_signing_keys_state CHECK (state IN ('next', 'active', 'retired', 'revoked'))
);

CREATE UNIQUE INDEX uq_ww_signing_keys_active ON ww_signing_keys (state) WHERE state = 'active';

CREATE UNIQUE INDEX uq_ww_signing_keys_next ON ww_signing_keys (state) WHERE state = 'next';

CREATE TABLE ww_terms_acceptances (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    version VARCHAR(64) NOT NULL,
    digest BYTEA NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ww_terms_acceptances PRIMARY KEY (id),
    CONSTRAINT ck_ww_terms_acceptances_digest CHECK (length(digest) = 32),
    CONSTRAINT uq_ww_terms_acceptances_user_id_version_digest UNIQUE (user_id, version, digest),
    CONSTRAINT fk_ww_terms_acceptances_user_id FOREIGN KEY(user_id) REFERENCES ww_users (id) ON DELETE CASCADE
);

CREATE TABLE ww_audit_events (
    id UUID NOT NULL,
    event VARCHAR(64) NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    user_id UUID,
    session_id UUID,
    ip VARCHAR(64),
    details JSONB,
    CONSTRAINT pk_ww_audit_events PRIMARY KEY (id)
);

CREATE INDEX ix_ww_audit_events_occurred_at ON ww_audit_events (occurred_at);

CREATE INDEX ix_ww_audit_events_user_id ON ww_audit_events (user_id);

INSERT INTO ww_alembic_version (version_num) VALUES ('001_add_auth_tables') RETURNING ww_alembic_version.version_num;

COMMIT;
