"""Packages imported late by two threads at once: no thread meets a half-read module."""

import subprocess
import sys

from tests import ROOT

# The thread of quantities is about to import requests.utils when the URL's begins requests.
PROGRAM = """
import sys, threading, time
from upkeep.adapters.cluster.fields import quantity
from upkeep.adapters.http.web import HttpAccess, UrlApi
from upkeep.clock import Clock
from upkeep.meter import Meter

class Slow:
    def find_spec(name, path=None, target=None):
        if name == "requests.exceptions":
            time.sleep(0.3)

sys.meta_path.insert(0, Slow)
quantities = threading.Thread(target=quantity, args=("1Gi",))
quantities.start()
while "requests_oauthlib" not in sys.modules and quantities.is_alive():
    pass
UrlApi(HttpAccess(url="http://x"), option="", clock=Clock(), meter=Meter(), deadline_seconds=1)
quantities.join()
"""


def test_quantities_and_a_url_of_the_users_are_prepared_at_once() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, timeout=60, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
