"""The folder of decisions: one file each, written whole or not at all, never two answers to one question.

The decisions about a batch at a stage under a specification form one chain: each supersedes the one before. Its end is in
force once it has all its signatures; until then the one before it is.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unicodedata import normalize

import msgspec

from regenqc.decision.faults import refused
from regenqc.decision.model import content_bytes, decision_bytes, with_signature
from regenqc.decision.reading import read_decision
from regenqc.errors import SignatureError
from regenqc.signing.disk import locked, writing
from regenqc.signing.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from regenqc.decision.model import Decision
    from regenqc.errors import UsageError
    from regenqc.signing.signature import Signature

__all__ = ["DecisionFolder", "chain_of"]


class _Named(msgspec.Struct, frozen=True):
    """Read of a decision which batch it is about."""

    batch_id: str


class DecisionFolder:
    """The decisions of a site.

    Args:
        path: folder; it appears with the first decision.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> DecisionFolder(Path(tempfile.mkdtemp())).read()
        ()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Whose decision a file holds, as long as the file stays as it is: a folder grows for years.
        self._lots: dict[str, tuple[tuple[int, int, int], str]] = {}

    def file_of(self, decision_id: str) -> Path:
        """Return the file of a decision."""
        return self.path / f"{decision_id.lower()}.json"

    def read(self) -> tuple[Decision, ...]:
        """Return all decisions, oldest first.

        Raises:
            SignatureError: a file is no decision, or stands under the name of another, `RQC-A050` to `RQC-A060`.
        """
        return self._read(sorted(self.path.glob("decision-*.json")))

    def newest(self) -> Decision | None:
        """Return the decision whose file was written last, `None` when there is none."""
        paths = sorted(self.path.glob("decision-*.json"), key=lambda path: path.stat().st_mtime_ns)
        return self._read(paths[-1:])[0] if paths else None

    def of_lot(self, batch_id: str) -> tuple[Decision, ...]:
        """Return the decisions about a batch, oldest first."""
        name = normalize("NFC", batch_id)
        own = [path for path in sorted(self.path.glob("decision-*.json")) if self._lot_of(path) in {name, ""}]
        return tuple(each for each in self._read(own) if each.batch_id == batch_id)

    def _lot_of(self, path: Path) -> str:
        """Return the batch that a file says it is about; an empty text where that cannot be read, which is said later."""
        stat = path.stat()
        state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._lots.get(path.name)
        if known is None or known[0] != state:
            try:
                lot = msgspec.json.decode(path.read_bytes(), type=_Named).batch_id
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                lot = ""
            known = self._lots[path.name] = (state, lot)
        return known[1]

    def _read(self, paths: Sequence[Path]) -> tuple[Decision, ...]:
        found = []
        for path in paths:
            decision = read_decision(path)
            if path != self.file_of(decision.decision_id):
                raise SignatureError(
                    fault(
                        "RQC-A060",
                        "A decision stands under the name of another.",
                        where=str(path),
                        got=decision.decision_id,
                        expected=path.stem,
                    )
                )
            found.append(decision)
        return tuple(sorted(found, key=lambda each: (each.made_at, each.decision_id)))

    def chain(self, batch_id: str, *, stage: str, spec_id: str) -> tuple[Decision, ...]:
        """Return the decisions about one question, each superseding the one before.

        Raises:
            SignatureError: `RQC-A061`, they do not form one chain.
        """
        own = [each for each in self.of_lot(batch_id) if (each.stage, each.spec.id) == (stage, spec_id)]
        return chain_of(own)

    def standing(self, batch_id: str, *, stage: str, spec_id: str) -> Decision | None:
        """Return the decision that has all its signatures and that no other one with all of them supersedes.

        Whether the signatures hold, `decision_faults` says. A withdrawal stands as such: it leaves no decision in force.
        """
        complete = [each for each in self.chain(batch_id, stage=stage, spec_id=spec_id) if each.is_complete]
        return complete[-1] if complete else None

    def check_new(self, decision: Decision) -> bool:
        """Return whether a decision is new; one that is there already is not, and another answer is refused.

        Raises:
            UsageError: `RQC-A062`, the question was decided, and the decision does not supersede what stands; `RQC-A066`, it
                was superseded itself.
        """
        chain = self.chain(decision.batch_id, stage=decision.stage, spec_id=decision.spec.id)
        head = chain[-1].decision_id if chain else None
        if decision.decision_id == head:
            return False
        if decision.decision_id in {each.decision_id for each in chain}:
            raise refused(
                "RQC-A066",
                "This decision was made, and superseded since.",
                where=f"{decision.batch_id} at {decision.stage}",
                got=decision.decision_id,
                expected=head or "",
                action="Look at the decision that superseded it; these answers are out of date.",
            )
        if decision.supersedes != head:
            raise refused(
                "RQC-A062",
                "There is a decision about this batch already."
                if head is not None
                else "There is no decision that this one could supersede.",
                where=f"{decision.batch_id} at {decision.stage}",
                got=f"supersedes {decision.supersedes or 'nothing'}",
                expected=f"supersedes {head or 'nothing'}",
                action="A revision or withdrawal names what it supersedes, and why."
                if head is not None
                else "Leave `supersedes` out.",
            )
        return True

    def add(self, decision: Decision, *, first: Callable[[], None] | None = None) -> bool:
        """Write a signed decision, on the disk before this returns.

        Args:
            decision: signed.
            first: what is done before it is written, once nothing is in its way; what it raises keeps it from being written.

        Returns:
            Whether it was written; one that is there already is left as it is.

        Raises:
            UsageError: `RQC-A062`, as `check_new`; `RQC-A063`, it has no signature.
        """
        if not decision.signatures:
            raise refused("RQC-A063", "A decision without signature is none.", where=decision.decision_id)
        with self._locked():
            if not self.check_new(decision):
                return False
            if first is not None:
                first()
            self._write(decision)
        return True

    def restore(self, decision: Decision) -> bool:
        """Write a decision, or signatures of it, of which the record elsewhere was made before a process ended.

        Returns:
            Whether anything was lacking.

        Raises:
            UsageError: `RQC-A062`, another decision was made meanwhile; `RQC-A064`, another signature was given.
        """
        with self._locked():
            if not self.file_of(decision.decision_id).exists():
                self.check_new(decision)
                self._write(decision)
                return True
            stored = read_decision(self.file_of(decision.decision_id))
            if stored.signatures == decision.signatures:
                return False
            if stored.signatures != decision.signatures[: len(stored.signatures)]:
                raise _no_longer(decision)
            self._write(decision)
            return True

    def add_signature(
        self, decision: Decision, signature: Signature, *, first: Callable[[], None] | None = None
    ) -> Decision:
        """Add the next signature to a decision of this folder.

        Args:
            decision: as it was shown.
            signature: over it.
            first: as for `add`.

        Raises:
            UsageError: `RQC-A064`, the decision is no longer the one that was shown, or was superseded meanwhile.
        """
        with self._locked():
            stored = read_decision(self.file_of(decision.decision_id))
            chain = self.chain(decision.batch_id, stage=decision.stage, spec_id=decision.spec.id)
            is_same = content_bytes(stored) == content_bytes(decision) and stored.signatures == decision.signatures
            if not is_same or chain[-1].decision_id != decision.decision_id:
                raise _no_longer(decision)
            if first is not None:
                first()
            signed = with_signature(stored, signature)
            self._write(signed)
        return signed

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with (self.path / ".lock").open("ab") as file, locked(file):
                yield

    def _write(self, decision: Decision) -> None:
        path = self.file_of(decision.decision_id)
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            file.write(decision_bytes(decision))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _no_longer(decision: Decision) -> UsageError:
    return refused(
        "RQC-A064",
        "The decision is no longer the one that was shown.",
        where=decision.decision_id,
        got="another signature or a decision that supersedes it",
        expected="the decision as shown",
        action="Look at it again.",
    )


def chain_of(decisions: list[Decision]) -> tuple[Decision, ...]:
    """Return decisions about one question in the order in which they supersede one another.

    Raises:
        SignatureError: `RQC-A061`, two supersede the same one, or one supersedes what is not there.

    Example:
        >>> chain_of([])
        ()
    """
    by_previous: dict[str | None, Decision] = {}
    for decision in decisions:
        if decision.supersedes in by_previous:
            raise _forked(decision, by_previous[decision.supersedes])
        by_previous[decision.supersedes] = decision
    chain: list[Decision] = []
    while (following := by_previous.pop(chain[-1].decision_id if chain else None, None)) is not None:
        chain.append(following)
    if by_previous:
        raise _forked(next(iter(by_previous.values())), None)
    return tuple(chain)


def _forked(decision: Decision, other: Decision | None) -> SignatureError:
    return SignatureError(
        fault(
            "RQC-A061",
            "The decisions about this batch do not form one chain.",
            where=f"{decision.batch_id} at {decision.stage}",
            got=f"{decision.decision_id} supersedes {decision.supersedes or 'nothing'}"
            + (f", as {other.decision_id} does" if other is not None else ", which is not here"),
            expected="each decision supersedes the one before",
            action="Restore the folder from its copy; no decision is ever deleted.",
        )
    )
