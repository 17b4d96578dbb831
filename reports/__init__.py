"""TELL: small pytest plugins and writers. They read the model; never a cluster, never a judge."""
