"""The embedded cluster, asked by the real client and by raw HTTP."""
