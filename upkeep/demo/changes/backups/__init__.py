"""Changes of the subject backups."""
