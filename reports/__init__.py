"""TELL: small pytest plugins and writers. They read the model, never a cluster or a judge."""
