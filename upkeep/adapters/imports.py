"""One lock for packages that a thread imports late.

Python gives a thread a half-read module rather than a deadlock: ``kubernetes`` begins inside
``requests``, so two threads that import both at once end in an ImportError.
Source: https://github.com/python/cpython/blob/3.11/Lib/importlib/_bootstrap.py (_ModuleLock)
"""

from threading import Lock

IMPORTING = Lock()
