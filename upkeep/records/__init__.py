"""What was measured: frozen records that adapters make and judges read.

Times are aware and in UTC, durations in ``_seconds``, sizes in ``_bytes``. A field that Kubernetes may leave out is ``None`` here; nothing is
defaulted to what would be fine. Secret values never come this far.
"""
