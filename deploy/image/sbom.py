"""Print a CycloneDX SBOM of this image: Python distributions, and Debian packages of the base.

Source: https://cyclonedx.org/docs/1.6/json/ and https://github.com/package-url/purl-spec.
"""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote

STATUS = Path("/var/lib/dpkg/status")
NAME = "cano-upkeep"


def component(name: str, version: str, purl: str) -> dict[str, str]:
    """Return a library of the image."""
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }


def python() -> Iterator[dict[str, str]]:
    """Yield every installed Python distribution."""
    for one in distributions():
        name = one.name.lower().replace("_", "-").replace(".", "-")
        yield component(name, one.version, f"pkg:pypi/{name}@{quote(one.version)}")


def debian() -> Iterator[dict[str, str]]:
    """Yield every installed Debian package; none where the base is no Debian."""
    for paragraph in STATUS.read_text().split("\n\n") if STATUS.exists() else ():
        fields = dict(
            line.split(": ", 1)
            for line in paragraph.splitlines()
            if ": " in line[:40] and line[0] > " "
        )
        if fields.get("Status") == "install ok installed":
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={fields['Architecture']}"
            yield component(name, version, purl)


def main() -> None:
    """Print the document."""
    found = sorted([*python(), *debian()], key=lambda one: one["bom-ref"])
    itself = next(one for one in found if one["name"] == NAME)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself | {"type": "application"}},
        "components": [one for one in found if one is not itself],
    }
    json.dump(document, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
