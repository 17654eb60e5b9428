DROP TABLE snapshot_acts;
DROP TABLE snapshots;
