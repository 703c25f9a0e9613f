"""Files, for the list of capabilities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from pymongo import IndexModel

from config.settings import Settings
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.files.connectors import CONNECTORS
from serve_app.capabilities.files.health import FilesHealth
from serve_app.capabilities.files.metrics import FilesMetrics
from serve_app.capabilities.files.operations import FileOperations
from serve_app.capabilities.files.personal import PersonalFiles
from serve_app.capabilities.files.quota import FileQuota
from serve_app.capabilities.files.reading.content import FileContent, content_routes
from serve_app.capabilities.files.reading.held import HeldFiles
from serve_app.capabilities.files.reading.links import FileLinks
from serve_app.capabilities.files.server_events import FILE_EVENTS
from serve_app.capabilities.files.service import Files
from serve_app.capabilities.files.sight import FileSight
from serve_app.capabilities.files.small import SmallFiles, small_routes
from serve_app.capabilities.files.tus import uploads as tus_uploads
from serve_app.capabilities.files.tus.routes import tus_routes
from serve_app.capabilities.files.tus.uploads import Uploads
from serve_app.capabilities.holding import HoldsOver
from serve_app.capabilities.rooms.capability import filing_of, rooms_of
from serve_app.edge.operation import Operation
from serve_app.processes.health import HealthPart


def files_of(context: ServerContext) -> Files:
    """The service of files."""
    sight = FileSight(context.region, context.clock)
    rooms, filing = context.once(rooms_of), context.once(filing_of)
    views = context.stores.views
    return Files(
        entities=context.region,
        rooms=rooms,
        filing=filing,
        views=views,
        sight=sight,
        settings=context.settings.files,
        holds=HoldsOver(views),
    )


def quota_of(context: ServerContext) -> FileQuota:
    """How much people have."""
    return FileQuota(context.database, context.settings.files)


def uploads_of(context: ServerContext) -> Uploads:
    """Uploads under way."""
    return Uploads(
        database=context.database,
        blobs=context.blobs,
        vault=context.stores.vault,
        files=context.once(files_of),
        quota=context.once(quota_of),
        clock=context.clock,
        ttl_h=context.settings.files.upload_ttl_h,
    )


def links_of(context: ServerContext) -> FileLinks:
    """Addresses that need no token."""
    http = context.settings.http
    return FileLinks(context.root, http.public_url or f"http://{http.host}:{http.port}", context.clock)


def held_of(context: ServerContext) -> HeldFiles:
    """What legal holds keep."""
    views = context.stores.views
    return HeldFiles(
        entities=context.region, views=views, over=HoldsOver(views), links=context.once(links_of), clock=context.clock
    )


def metrics_of(context: ApiContext) -> FilesMetrics:
    """The figures of files."""
    return FilesMetrics(context.registry)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return FileOperations(context.once(files_of), context.once(links_of), context.clock)


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    files, quota, metrics = context.once(files_of), context.once(quota_of), context.once(metrics_of)
    links, audit = context.once(links_of), context.once(audit_of)
    yield small_routes(SmallFiles(files=files, blobs=context.blobs, quota=quota, metrics=metrics, clock=context.clock))
    yield tus_routes(context.once(uploads_of), quota, metrics)
    content = FileContent(
        sight=files.sight,
        held=context.once(held_of),
        blobs=context.blobs,
        links=links,
        audit=audit,
        metrics=metrics,
    )
    yield content_routes(content)


def _health(context: ApiContext) -> Iterable[HealthPart]:
    metrics = context.once(metrics_of)
    health = FilesHealth(context.blobs, context.settings.files, context.database, metrics)
    yield HealthPart("files", health.look, vital=False)


def _personal(context: ApiContext) -> PersonalFiles:
    return PersonalFiles(context.once(files_of), context.once(uploads_of))


def _indexes(_: Settings) -> Mapping[str, Sequence[IndexModel]]:
    return {tus_uploads.UPLOADS: tus_uploads.INDEXES}


FILES: Final = Capability(
    name="files",
    feature="files",
    operations=_operations,
    routers=_routers,
    events=FILE_EVENTS,
    health=_health,
    personal=_personal,
    indexes=_indexes,
    connectors=CONNECTORS,
)
