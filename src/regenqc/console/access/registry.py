"""Who somebody is at this moment: the registry of people, read again whenever its file changes."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from regenqc.signing.people_file import PeopleFile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from regenqc.signing.people import People, Person
    from regenqc.signing.statement import Settings
    from regenqc.signing.words import Role

__all__ = ["Registry"]


class Registry:
    """The registry of people of a site. Every signature in it is checked whenever it has changed.

    Args:
        folder: with `people.jsonl`.
        root: digest of its first line, where it is pinned.

    Example:
        >>> from pathlib import Path
        >>> Registry(Path("/nowhere")).people()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-G041 There is no registry of people. ...
    """

    def __init__(self, folder: Path, *, root: str = "") -> None:
        self._file = PeopleFile(folder / "people.jsonl", root=root)
        self._lock = Lock()
        self._read: tuple[tuple[int, int, int], People] | None = None

    def people(self) -> People:
        """Return what the registry states now.

        Raises:
            SignatureError: `RQC-G041` there is none, `RQC-G020` to `RQC-G028` it does not hold.
        """
        try:
            found = self._file.path.stat()
        except OSError:
            return self._file.read()
        version = (found.st_ino, found.st_size, found.st_mtime_ns)
        with self._lock:
            if self._read is None or self._read[0] != version:
                self._read = (version, self._file.read())
            return self._read[1]

    def person(self, person_id: str) -> Person | None:
        """Return a person, `None` when nobody is enrolled under that identifier."""
        return self.people().person(person_id)

    def roles(self, person_id: str, *, now: datetime) -> frozenset[Role]:
        """Return the roles that a person holds now; none for whoever is not enrolled."""
        person = self.person(person_id)
        return person.roles_at(now) if person is not None else frozenset()

    @property
    def settings(self) -> Settings | None:
        """Return what the site decided about signing, `None` before it was founded."""
        return self.people().settings
