"""No code of ours gives itself a role: principals are made where tokens are read, and in two places that are named."""

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
PACKAGES: Final = ("actors", "common", "config", "ml", "realtime", "serve_app", "store")
MAKERS: Final = {
    "actors/kernel/contract/entity.py": 2,  # SYSTEM, and `as_themselves`
    "actors/meetings/desks/staff.py": 1,  # of a seat in a meeting, which no policy knows
    "actors/meetings/rules/windows.py": 3,  # the same, when it is handed to another therapist, or without somebody
    "realtime/delivery/connections.py": 1,  # who has not said who they are: "nobody"
    "serve_app/capabilities/links/actions.py": 1,  # a therapist whose link it is, as their account says
    "serve_app/edge/conventions/permits.py": 1,  # the same at the other door
}
"""Where a role is written down, and how often."""
IN_THEIR_PLACE: Final = {
    "serve_app/capabilities/oversight/routes.py",
    "serve_app/capabilities/calendars/personal.py",
    "serve_app/capabilities/payments/personal.py",
    "serve_app/capabilities/carrying.py",
    "serve_app/capabilities/notifications/worker_operations.py",
    "serve_app/capabilities/links/actions.py",
    "serve_app/capabilities/worksheets/zones.py",
    "serve_app/capabilities/e2ee/service.py",
    "serve_app/capabilities/search/asking/granted.py",
    "serve_app/capabilities/search/sources/worksheets.py",
}
"""Where Carewire acts in the place of a person: whose data it hands out, erases, or opens under a grant; for whose
device it looks up what a push quotes; whose device shows the token that it was given to pull with; whose link
says what may be done by who holds it; in whose zone what they have to do is due; whose
devices have ended; in whose place somebody searches under a grant; whose worksheet is put into the index."""


def roles_made(source: str) -> list[int]:
    """The lines on which a `Principal` gets a role that is not what somebody `verified` was found to have."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) == "Principal":
            roles = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "role")]
            if not any(isinstance(role, ast.Attribute) and role.attr == "role" for role in roles) or _is_conditional(
                roles
            ):
                found.append(node.lineno)
        if (
            isinstance(node, ast.Call)
            and any(one.arg == "role" for one in node.keywords)
            and _name(node.func) == "replace"
        ):
            found.append(node.lineno)
    return found


def _is_conditional(roles: list[ast.expr]) -> bool:
    return any(isinstance(role, ast.IfExp | ast.BoolOp) for role in roles)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def sources() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    }


def test_a_role_is_written_down_in_two_places_alone() -> None:
    made = {path: len(lines) for path, text in sources().items() if (lines := roles_made(text))}
    assert made == MAKERS


def test_carewire_acts_in_the_place_of_a_person_in_two_places_alone() -> None:
    callers = {
        path
        for path, text in sources().items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and _name(node.func) == "as_themselves"
    }
    assert callers == IN_THEIR_PLACE


@pytest.mark.parametrize(
    "forged",
    [
        'Principal(by.user, "admin")',
        'Principal(by.user, role="admin")',
        "Principal(by.user)",
        "Principal(by.user, ROLE)",
        'entity.Principal(by.user, by.role or "admin")',
        'msgspec.structs.replace(by, role="admin")',
    ],
)
def test_a_forged_role_is_found(forged: str) -> None:
    assert roles_made(forged) == [1]


@pytest.mark.parametrize("sound", ["Principal(verified.user, verified.role)", "Principal(who.user, role=who.role)"])
def test_the_role_of_a_token_is_taken_as_it_is(sound: str) -> None:
    assert roles_made(sound) == []
