"""Import one module of a package that is large."""

import importlib.util
from pathlib import Path
from types import ModuleType


def alone(package: str, path: str) -> ModuleType:
    """Return one module of a package, without those that the package imports: all of ``kubernetes`` takes 150 ms.

    :param path: of the file below the package; it may import the standard library alone.
    :raises ImportError: the package or the module is not there.
    Source: https://docs.python.org/3/library/importlib.html#importing-a-source-file-directly
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(f"no package {package}")
    name = f"{package}.{path.removesuffix('.py').replace('/', '.')}"
    spec = importlib.util.spec_from_file_location(name, Path(found.origin).parent / path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no module {name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
