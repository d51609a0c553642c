"""Put together the single file that checks certificates without regenqc: `verify_certificate.py`.

The file holds the sources of the modules that do the checking, as they stand here, and a few lines that load them. It
needs Python and `cryptography`. Whoever doubts it can read it: the sources are there as text.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Final

from regenqc.errors import Fault, InternalError

__all__ = ["single_file"]

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_ENTRY: Final = "regenqc.certificate.offline.command"
_STAND_IN: Final = "regenqc.certificate.offline.plain_msgspec"
_ALLOWED: Final = {"cryptography", "msgspec"}
_HEAD: Final = '''\
#!/usr/bin/env python3
"""Check certificates of regenqc offline, with nothing but Python (3.11 or later) and the package `cryptography`.

    python verify_certificate.py CERTIFICATE.pdf --trust FOLDER

FOLDER holds the keys that you had before any certificate came: issuer.pem, people.jsonl, and where there is a ledger
policy.txt. Exit code 0: verified; 5: not verified, and what exactly failed is printed; 2: it could not be asked.

Made by regenqc {version}. Below stand the sources of the modules that do the checking, unchanged.
SPDX-License-Identifier: Apache-2.0
"""

import importlib.abc
import importlib.machinery
import sys

SOURCES = {{}}
'''
_TAIL: Final = '''

class _Sources(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Load the modules above, before anything that is installed."""

    def find_spec(self, name, path=None, target=None):
        """Find a module by its name; a package is whatever other names begin with."""
        is_package = any(other.startswith(name + ".") for other in SOURCES)
        if name not in SOURCES and not is_package:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=is_package)

    def create_module(self, spec):
        """Leave that to Python."""
        return None

    def exec_module(self, module):
        """Run the source of a module."""
        name = module.__name__
        exec(compile(SOURCES.get(name, ""), "<" + name + ">", "exec"), module.__dict__)


def main():
    """Load the modules and check what the command line names."""
    sys.meta_path.insert(0, _Sources())
    import {stand_in} as stand_in

    stand_in.install(sys.modules)
    from {entry} import main as check

    return check()


if __name__ == "__main__":
    sys.exit(main())
'''


def single_file() -> str:
    """Return the text of the single file; the same version of regenqc gives the same text.

    Raises:
        InternalError: `RQC-X090`, a module that is needed imports something else.

    Example:
        >>> single_file().splitlines()[0]
        '#!/usr/bin/env python3'
    """
    import regenqc  # noqa: PLC0415 - for its version alone

    parts = [_HEAD.format(version=regenqc.__version__)]
    for name in sorted(_needed()):
        source = _path(name).read_text(encoding="utf-8")
        parts.append(f"\nSOURCES[{name!r}] = {_literal(source)}\n")
    return "".join(parts) + _TAIL.format(stand_in=_STAND_IN, entry=_ENTRY)


def _literal(source: str) -> str:
    escaped = source.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    return f'"""\\\n{escaped}"""'


def _needed() -> set[str]:
    waiting, found = [_ENTRY, _STAND_IN], set[str]()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for imported in _imports(_path(name)):
            root = imported.split(".")[0]
            if root == "regenqc":
                waiting.append(imported)
            elif root not in _ALLOWED and root not in sys.stdlib_module_names:
                raise InternalError(
                    Fault(
                        code="RQC-X090",
                        what="A module of the single file imports what it cannot carry.",
                        where=name,
                        got=imported,
                        expected="the standard library and cryptography",
                        action="Report this.",
                    )
                )
    return found


def _path(name: str) -> Path:
    return _PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")


def _imports(path: Path) -> list[str]:
    """Return what a module imports when it runs: everything but what stands under `if TYPE_CHECKING`."""
    found: list[str] = []
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
        else:
            waiting += ast.iter_child_nodes(node)
    return found
