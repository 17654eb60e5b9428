-- Goes up with a new password, other roles or another standing; a token of an earlier stamp is dead.
ALTER TABLE users ADD COLUMN stamp INTEGER NOT NULL DEFAULT 1;

-- Refresh tokens of one sign-in are a family. A used one stays until it expires, so that its reuse is seen.
DROP TABLE refresh_tokens;
CREATE TABLE refresh_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    family_id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    stamp INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    began_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
-- Families and single access tokens that ended before their time, until the last of their tokens has expired.
CREATE TABLE revocations (
    id BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
CREATE INDEX revocations_by_end ON revocations (expires_at);

-- Portals and devices that sign in with a secret of their own.
CREATE TABLE clients (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    active INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE client_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    client_id BLOB NOT NULL REFERENCES clients (id),
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    ends_at INTEGER
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

-- Failed sign-ins by account, by address, and by both, and addresses familiar to an account; the key is a hash.
-- until_at: the end of the wait, or of the familiarity.
CREATE TABLE throttles (
    key_hash BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL
);
CREATE INDEX throttles_by_age ON throttles (last_at);
