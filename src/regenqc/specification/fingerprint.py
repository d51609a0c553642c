"""The fingerprint of a specification: a digest of its meaning, not of its text."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.specification.model import Derived, Removal, Requirement, SpecificationDocument

__all__ = ["canonical_content", "fingerprint_specification"]


def fingerprint_specification(content: Mapping[str, Any]) -> str:
    """Return the fingerprint of a canonical form: sorted keys, no blanks, keys at their default left out.

    Example:
        >>> fingerprint_specification({"id": "a"})[:14]
        'sha256:8489a5d'
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def canonical_content(
    document: SpecificationDocument,
    *,
    requirements: Sequence[Requirement],
    derived: Sequence[Derived],
    removed: Sequence[Removal],
    product: Mapping[str, str],
    attributes: Mapping[str, frozenset[str]],
    extends: Sequence[str],
) -> dict[str, Any]:
    """Return the canonical form of a resolved specification.

    Comments, blanks, the order of keys and the way tables are written are gone. The order of requirements stays, because
    the outputs follow it. The rounding of the file is gone too: it stands in the requirements that it applies to.

    Args:
        document: the file, for everything that is not inherited.
        requirements: after inheritance.
        derived: after inheritance.
        removed: of the file and everything it extends.
        product: after inheritance.
        attributes: declared values after inheritance.
        extends: identifier, version and fingerprint of everything inherited.
    """
    content = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content.pop("rounding", None)
    return content | {
        "requirement": [entry.model_dump(mode="json", exclude_defaults=True) for entry in requirements],
        "derived": [entry.model_dump(mode="json", exclude_defaults=True) for entry in derived],
        "removed": [entry.model_dump(mode="json") for entry in removed],
        "product": dict(product),
        "attributes": {name: sorted(values) for name, values in attributes.items()},
        "extends": list(extends),
    }
