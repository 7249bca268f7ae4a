"""Who a commit is by, besides its author: trailers that say nothing else, whatever people are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from workspace_ext.contract.access import Person

from ..kit.errors import Invalid, NotFound

_GIVEN = re.compile(r"([^<>@]+) <([^\s<>@]+@[^\s<>@]+)>")
_MOST = 50


def trailers(
    co_authors: Iterable[str], by_name: Callable[[str], Person], author: Callable[[str], tuple[str, str]], person: str
) -> str:
    """The last paragraph of a commit's message; empty where nobody is named but ``person``.

    Parameters
    ----------
    co_authors
        See :class:`workspace_ext.contract.committing.CommitRequest`.
    by_name, author
        A person by what they sign in with; name and e-mail of one by id.

    Raises
    ------
    Invalid
        Somebody is not known here, or would say more in a commit than who they are.
    """
    people = {author(person)[1]: ""} if person else {}
    for given in co_authors:
        name, mail = _one(given.strip(), by_name, author)
        people.setdefault(mail, f"Co-authored-by: {name} <{mail}>")
    if len(people) > _MOST:
        raise _invalid(f"{len(people) - 1} people are named", "Name those who wrote it.")
    return "\n".join(filter(None, people.values()))


def _one(given: str, by_name: Callable[[str], Person], author: Callable[[str], tuple[str, str]]) -> tuple[str, str]:
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in given):
        raise _invalid("The name of a co-author has more than one line, or signs that cannot be seen", "Mend the name.")
    if match := _GIVEN.fullmatch(given):
        return match[1].strip(), match[2]
    try:
        return author(by_name(given).id)
    except NotFound:
        raise _invalid(
            f"Nobody here signs in as {given!r}", "Somebody from elsewhere is named as: Name <mail@example.org>"
        ) from None


def _invalid(what: str, hint: str) -> Invalid:
    return Invalid("invalid_co_author", f"{what}.", hint, "co_authors")
