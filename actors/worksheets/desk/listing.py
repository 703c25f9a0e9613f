"""Worksheets and assignments that lie before one person, page by page."""

from typing import Final

from msgspec.structs import replace

from actors.kernel.contract.entity import Library
from actors.worksheets.assignment.shaping import assignment_shown
from actors.worksheets.desk.commands import ListSheets, ListWork, SheetPage, WorkPage
from actors.worksheets.instruments import shipped
from actors.worksheets.readmodels import ASSIGNMENTS, READERS, listed
from actors.worksheets.worksheet.records import ShownWorksheet, of_house, shown
from actors.worksheets.worksheet.views import OWN, PUBLIC, WORKSHEETS, view_id, worksheet_in
from store.ports.views import Scalar, View, ViewQuery

_MOST_READ: Final = 1000


async def sheets(user: str, asked: ListSheets, library: Library) -> SheetPage:
    """Own ones, shared ones, those that they were given, and those that are shipped; the newest first."""
    found: dict[str, ShownWorksheet] = {}
    for view in [*await _own(user, asked, library), *await _others(user, asked, library)]:
        one = worksheet_in(view)
        if one is not None and _fits(one, asked):
            found.setdefault(one.worksheet_id, one)
    for one in _of_house(asked):
        found[one.worksheet_id] = one
    ids = sorted(found, reverse=True)
    page = ids[: asked.limit]
    more = page[-1] if len(ids) > asked.limit else None
    return SheetPage(worksheets=[_listed(found[one], user, asked) for one in page], next=more)


async def work(user: str, asked: ListWork, library: Library) -> WorkPage:
    """Assignments, the newest first; with `due_before`, those due first."""
    equal: dict[str, Scalar] = {"user": user}
    wanted: dict[str, Scalar] = {"client": asked.client, "worksheet": asked.worksheet, "status": asked.status}
    equal |= {name: value for name, value in wanted.items() if value}
    order = "due" if asked.due_before else "assignment"
    query = ViewQuery(
        collection=ASSIGNMENTS,
        equal=equal,
        order_by=order,
        above=asked.after if asked.due_before else None,
        below=f"{asked.due_before:015d}" if asked.due_before else asked.after,
        descending=not asked.due_before,
        limit=asked.limit + 1,
    )
    views = await library.views(query)
    page = views[: asked.limit]
    more = str(page[-1].fields[order]) if len(views) > asked.limit else None
    opened = [one for view in page if (one := listed(view)) is not None]
    shown_ = [assignment_shown(one.record, one.version, title=title, user=user) for one, title in opened]
    return WorkPage(assignments=shown_, next=more)


async def _own(user: str, asked: ListSheets, library: Library) -> list[View]:
    """With a state, published versions that newer drafts of their owner's stand before are found as well."""
    if asked.instrument:
        return []
    equal: dict[str, Scalar] = {} if asked.everything else {"owner": user}
    found = await _sheets({"side": OWN, **equal}, asked, library)
    return [*found, *await _sheets({"side": PUBLIC, **equal}, asked, library)] if asked.state == "published" else found


async def _others(user: str, asked: ListSheets, library: Library) -> list[View]:
    """Shared ones, and those that they were given."""
    if asked.instrument:
        return []
    shared = await _sheets({"side": PUBLIC, "shared": True}, asked, library)
    query = ViewQuery(
        collection=READERS,
        equal={"user": user},
        order_by="worksheet",
        below=asked.before,
        descending=True,
        limit=_MOST_READ,
    )
    given = [view_id(str(view.fields["worksheet"]), PUBLIC) for view in await library.views(query)]
    return [*shared, *(await library.view(WORKSHEETS, given)).values()] if given else shared


async def _sheets(equal: dict[str, Scalar], asked: ListSheets, library: Library) -> list[View]:
    if asked.owner:
        equal.setdefault("owner", asked.owner)
    if asked.state:
        equal["state"] = asked.state
    query = ViewQuery(
        collection=WORKSHEETS,
        equal=equal,
        order_by="worksheet",
        below=asked.before,
        descending=True,
        limit=asked.limit + 1,
    )
    return await library.views(query)


def _fits(one: ShownWorksheet, asked: ListSheets) -> bool:
    return (not asked.owner or one.owner_id == asked.owner) and asked.state in (None, one.state)


def _of_house(asked: ListSheets) -> list[ShownWorksheet]:
    found = []
    for one in shipped():
        sheet, content = of_house(one)
        shown_ = shown(sheet, sheet.latest, content, permission=False)
        behind = asked.before is None or sheet.id < asked.before
        if behind and _fits(shown_, asked) and asked.instrument in ("", one.instrument):
            found.append(shown_)
    return found


def _listed(one: ShownWorksheet, user: str, asked: ListSheets) -> ShownWorksheet:
    """Without the permission of a restricted one, unless it is the owner's, or an administrator asks."""
    if one.licence is None or one.owner_id == user or asked.everything:
        return one
    return replace(one, licence=replace(one.licence, permission=None))
