DROP TABLE throttles;
DROP TABLE client_secrets;
DROP TABLE clients;
DROP TABLE revocations;
DROP TABLE refresh_tokens;
CREATE TABLE refresh_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    expires_at INTEGER NOT NULL
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
ALTER TABLE users DROP COLUMN stamp;
