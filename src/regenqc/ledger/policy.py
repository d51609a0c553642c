"""Trust policies: which logs are believed, and which witnesses must have cosigned (C2SP tlog-policy).

A checkpoint is trusted when a listed log signed it under its own origin and the quorum of witnesses cosigned it. A
policy without a log or without a quorum line is refused, because it would trust anything; `quorum none` says in so many
words that no witness is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.ledger.checkpoint import SignedCheckpoint, parse_signed_checkpoint
from regenqc.ledger.faults import ledger_error, signature_error
from regenqc.ledger.keys import parse_public_key
from regenqc.ledger.note import Ed25519Verifier, Verified, verify_signatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from regenqc.ledger.note import Verifier

__all__ = ["Group", "Policy", "TrustedCheckpoint", "parse_policy"]

_NONE: Final = "none"
_LARGEST_POLICY_BYTES: Final = 262_144
CLOCK_TOLERANCE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Group:
    """Name witnesses and groups of which `least` must have cosigned."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustedCheckpoint:
    """Hold a checkpoint that a policy trusts, who signed it, and when the witnesses saw it."""

    signed: SignedCheckpoint
    log: Verified
    witnesses: tuple[Verified, ...]

    @property
    def witnessed_at(self) -> int | None:
        """Return the latest time a witness stated, seconds since 1970 UTC; `None` without witnesses."""
        return max((found.time for found in self.witnesses if found.time is not None), default=None)


@dataclass(frozen=True, slots=True)
class Policy:
    """Say whom to believe.

    Args:
        logs: keys of logs; each speaks for the origin that is its name.
        witnesses: keys of witnesses by the name they have in this policy.
        groups: groups by name; the members are witnesses or groups.
        quorum: name of the witness or group that must have cosigned, or `none`.

    Raises:
        LedgerError: `RQC-L005`, the policy contradicts itself or would trust anything.

    Example:
        >>> from regenqc.ledger.note import Ed25519Signer
        >>> key = Ed25519Signer("site.example/ledger", bytes(32)).verifier
        >>> Policy.of([key]).text.splitlines()[-1]
        'quorum none'
    """

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Verifier] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = _NONE

    def __post_init__(self) -> None:
        if not self.logs:
            raise _invalid("It lists no log.", got="no log", expected="at least one log")
        _each_once([key.material for key in self.logs], "log")
        _each_once([key.material for key in self.witnesses.values()], "witness")
        for key in self.witnesses.values():
            if isinstance(key, Ed25519Verifier):
                raise _invalid("A witness has a log's key.", got=key.text, expected="a cosignature key (type 4 or 6)")
        known = set(self.witnesses)
        used: set[str] = set()
        for name, group in self.groups.items():
            unknown = [member for member in group.members if member not in known]
            if name in known or name == _NONE or unknown or len(set(group.members)) != len(group.members):
                raise _invalid("A group is not well defined.", got=f"{name}: {' '.join(group.members)}", expected=
                               "a new name, and members defined before, each once")  # fmt: skip
            if not 1 <= group.least <= len(group.members):
                raise _invalid("A group cannot be satisfied.", got=group.least, expected=f"1 to {len(group.members)}")
            if used & set(group.members):
                raise _invalid("A name is a member of two groups.", got=" ".join(used & set(group.members)))
            used |= set(group.members)
            known.add(name)
        if self.quorum != _NONE and self.quorum not in known:
            raise _invalid("The quorum names nobody known.", got=self.quorum, expected=" ".join(sorted(known)) or _NONE)

    @classmethod
    def of(cls, logs: Sequence[Verifier], *, witnesses: Sequence[Verifier] = (), least: int | None = None) -> Policy:
        """Return the policy that any of some logs and `least` of some witnesses are believed.

        Args:
            logs: keys of logs.
            witnesses: keys of witnesses; none means that no witness is asked for.
            least: how many of them must have cosigned; all of them when not stated.
        """
        if not witnesses:
            if least:
                raise _invalid("It asks for witnesses and lists none.", got=least, expected="at least one witness")
            return cls(tuple(logs))
        named: dict[str, Verifier] = {}
        for key in witnesses:
            name = key.name if key.name not in named else f"{key.name}/{key.key_id.hex()}"
            named[name] = key
        group = Group(len(named) if least is None else least, tuple(named))
        return cls(tuple(logs), named, {"quorum-of-witnesses": group}, "quorum-of-witnesses")

    @property
    def text(self) -> str:
        """Return the policy as a C2SP tlog-policy file."""
        lines = [f"log {key.text}" for key in self.logs]
        lines += [f"witness {name} {key.text}" for name, key in self.witnesses.items()]
        lines += [f"group {name} {group.least} {' '.join(group.members)}" for name, group in self.groups.items()]
        return "\n".join([*lines, f"quorum {self.quorum}"]) + "\n"

    def trust(self, data: bytes, *, now: int | None = None) -> TrustedCheckpoint:
        """Return the checkpoint that bytes carry, if this policy trusts it.

        Args:
            data: a signed note.
            now: seconds since 1970 UTC; with it, cosignatures from more than five minutes ahead are refused.

        Raises:
            LedgerError: the bytes are not a checkpoint.
            SignatureError: `RQC-L012` no listed log signed it or the quorum is not reached, `RQC-L013` a signature of a
                listed key does not verify.
        """
        signed = parse_signed_checkpoint(data)
        logs = [key for key in self.logs if key.name == signed.origin]
        verified = verify_signatures(signed.note, [*logs, *self.witnesses.values()])
        log_keys = {(key.name, key.key_id) for key in logs}
        by_log = [found for found in verified if (found.name, found.key_id) in log_keys]
        if not by_log:
            raise signature_error(
                "RQC-L012",
                "No trusted log signed the checkpoint.",
                where=signed.origin,
                got=", ".join(f"{found.name}+{found.key_id.hex()}" for found in signed.note.signatures),
                expected=", ".join(f"{key.name}+{key.key_id.hex()}" for key in self.logs),
                action="Pin the key that the owner of the log gave you by another way; do not take it from the document.",
            )
        witnessed = {(found.name, found.key_id): found for found in verified if found not in by_log}
        late = [found for found in verified if now is not None and (found.time or 0) > now + CLOCK_TOLERANCE_SECONDS]
        if late:
            raise signature_error(
                "RQC-L012",
                "A cosignature is dated in the future.",
                where=late[0].name,
                got=late[0].time,
                expected=f"at most {now}",
                action="Check the clocks of this machine and of the witness.",
            )
        self._check_quorum(witnessed, where=signed.origin)
        return TrustedCheckpoint(signed, by_log[0], tuple(witnessed.values()))

    def _check_quorum(self, witnessed: Mapping[tuple[str, bytes], Verified], *, where: str) -> None:
        if self.quorum == _NONE:
            return
        present = {name for name, key in self.witnesses.items() if (key.name, key.key_id) in witnessed}
        cosigned = sorted(present)
        for name, group in self.groups.items():
            if sum(member in present for member in group.members) >= group.least:
                present.add(name)
        if self.quorum not in present:
            raise signature_error(
                "RQC-L012",
                "Too few of the trusted witnesses cosigned the checkpoint.",
                where=where,
                got=", ".join(cosigned) or "none of them",
                expected=self._wanted(self.quorum),
                action="Have the checkpoint cosigned and make the proof again.",
            )

    def _wanted(self, name: str) -> str:
        group = self.groups.get(name)
        if group is None:
            return name
        return f"{group.least} of ({', '.join(self._wanted(member) for member in group.members)})"


def parse_policy(text: str) -> Policy:
    r"""Return the policy that a file's text states.

    Args:
        text: lines `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|K MEMBER…` and one `quorum NAME|none`.

    Raises:
        LedgerError: `RQC-L005`, the text is not a policy, or `RQC-L002`, a key is not one.

    Example:
        >>> key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        >>> parse_policy(f"# one log\nlog {key}\nquorum none\n").logs[0].name
        'example.com/foo'
    """
    if len(text) > _LARGEST_POLICY_BYTES:
        raise _invalid("It is too long.", got=f"{len(text)} characters", expected=f"at most {_LARGEST_POLICY_BYTES}")
    logs: list[Verifier] = []
    witnesses: dict[str, Verifier] = {}
    groups: dict[str, Group] = {}
    quorums: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        match line.replace("\t", " ").split(" ") if not line.lstrip(" \t").startswith("#") else []:
            case [*parts]:
                words = [part for part in parts if part]
        where = f"line {number}"
        match words:
            case []:
                continue
            case ["log", key] | ["log", key, _]:
                logs.append(parse_public_key(key))
            case ["witness", name, key] | ["witness", name, key, _] if name not in {*witnesses, *groups, _NONE}:
                witnesses[name] = parse_public_key(key)
            case ["group", name, least, *members] if members and name not in {*witnesses, *groups, _NONE}:
                groups[name] = Group(_least(least, len(members), where=where), tuple(members))
            case ["quorum", name] if not quorums:
                quorums.append(name)
            case _:
                raise _invalid("A line is not understood.", where=where, got=line.strip()[:80])
    if not quorums:
        raise _invalid("It has no quorum line.", got="none", expected="`quorum NAME`, or `quorum none` on purpose")
    return Policy(tuple(logs), witnesses, groups, quorums[0])


def _least(word: str, count: int, *, where: str) -> int:
    if word in {"all", "any"}:
        return count if word == "all" else 1
    if not (word.isascii() and word.isdigit()) or word.startswith("0") or len(word) > 4:
        raise _invalid("A threshold is not a number.", where=where, got=word[:40], expected=f"1 to {count}, all or any")
    return int(word)


def _each_once(materials: Sequence[bytes], kind: str) -> None:
    if len(set(materials)) != len(materials):
        raise _invalid(f"Two {kind} lines have the same key.", got=kind, expected="each key once")


def _invalid(what: str, *, where: str = "", got: object = "", expected: object = "") -> Exception:
    return ledger_error(
        "RQC-L005",
        f"The trust policy is not valid. {what}",
        where=where,
        got=got,
        expected=expected,
        action="Correct the policy; it decides who is believed.",
    )
