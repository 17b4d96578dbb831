"""Judge the backup job, the backups and whether they restore."""
