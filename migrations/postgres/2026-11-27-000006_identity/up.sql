-- Goes up with a new password, other roles or another standing; a token of an earlier stamp is dead.
ALTER TABLE users ADD COLUMN stamp INTEGER NOT NULL DEFAULT 1;

-- Refresh tokens of one sign-in are a family. A used one stays until it expires, so that its reuse is seen.
DROP TABLE refresh_tokens;
CREATE TABLE refresh_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    family_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    stamp INTEGER NOT NULL,
    nonce BYTEA NOT NULL,
    began_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
-- Families and single access tokens that ended before their time, until the last of their tokens has expired.
CREATE TABLE revocations (
    id UUID NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revocations_by_end ON revocations (expires_at);

-- Portals and devices that sign in with a secret of their own.
CREATE TABLE clients (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    revision INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE client_secrets (
    id UUID NOT NULL PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES clients (id),
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

-- Failed sign-ins by account, by address, and by both, and addresses familiar to an account; the key is a hash.
-- until_at: the end of the wait, or of the familiarity.
CREATE TABLE throttles (
    key_hash BYTEA NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);
CREATE INDEX throttles_by_age ON throttles (last_at);
