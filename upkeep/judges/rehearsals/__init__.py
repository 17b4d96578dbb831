"""Judge rehearsals of the emergency procedures."""
