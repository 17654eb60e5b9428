-- Rows of the access log are links of their agency's chain of records too: nobody takes one out, or adds one, unseen. The
-- program chains the rows of before at its next start.
ALTER TABLE records DROP CONSTRAINT records_kind_check;
ALTER TABLE records ADD CONSTRAINT records_kind_check CHECK (kind IN ('declaration', 'declaration_review', 'snapshot', 'snapshot_act', 'access'));
