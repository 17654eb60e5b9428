DROP TABLE throttles;
DROP TABLE client_secrets;
DROP TABLE clients;
DROP TABLE revocations;
DROP TABLE refresh_tokens;
CREATE TABLE refresh_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
ALTER TABLE users DROP COLUMN stamp;
