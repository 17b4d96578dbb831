"""Names that tell of a secret: what is masked behind them?"""

import re
from functools import lru_cache

# What a name must contain for its value to be a secret; "API key" with a space is one, too.
_SECRET_NAME = re.compile(
    r"token|secret|passw(?:or)?d|pass[ _-]?phrase|(?:api|access|private|signing)[ _.-]?key|webhook|dsn|credential|bearer|authorization|cookie",
    re.IGNORECASE,
)
# Shorter names of credentials, as words of their own: of a log line their value is masked, too. As
# names of variables they are no proof of a secret: AUTH=none, LOGIN=form.
_SHORT_NAME = re.compile(
    r"(?<![a-z])(?:(?:user|db|admin|root|bind|smtp|ldap|sql|redis|my|old|new)?[_-]?(?:pwd?|pass)|passcode|auth|creds?|jwt|otp|totp|pin|sid|sig|signature|login|session"
    r"|(?:j|php)?sess(?:ion)?[_-]?id|api[_-]?key|x-auth-key|auth[_-]?key|access[_-]?key|private[_-]?key)(?![a-z])",
    re.IGNORECASE,
)


def sensitive(name: str) -> bool:
    """Return whether a value of this name is a secret, whatever its form: ``SLACK_API_KEY_ONCALL``, ``webhookURL``."""
    return _SECRET_NAME.search(name) is not None


@lru_cache(maxsize=1024)  # a log has few names, each many times
def telling(name: str) -> bool:
    """Return whether a value of this name in a log line is masked: ``sensitive``, and ``pwd``, ``otp``."""
    return sensitive(name) or _SHORT_NAME.search(name) is not None
