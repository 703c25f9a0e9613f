"""`/open/{kind}/{id}`: where the links of notifications lead. Apps claim these addresses (Digital Asset Links; Apple's
associated domains), so who has one never sees this page; a browser is sent on to the web app, or told what to do.

Nothing is looked up: the page is the same for what is there and for what is not, and signs nobody in.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.responses import Response

from actors.notifications.action_titles import language_of
from common.errors import NotFound
from config.capabilities.apps import AppSettings

OPENED: Final = "/open/*"
_KIND: Final = re.compile(r"[a-z][a-z_]{0,31}")
_ID: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,128}")
_MAX_AGE: Final = {"Cache-Control": "public, max-age=3600"}
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("Open Carewire", "This link opens in the app. Please open Carewire on this device, or sign in there."),
    "de": ("Carewire öffnen", "Dieser Link öffnet sich in der App. Bitte öffnen Sie Carewire auf diesem Gerät."),
}
_PAGE: Final = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
body {{ font: 18px/1.5 system-ui, sans-serif; color: #1c2733; background: #f3f5f7; margin: 0 }}
main {{ max-width: 32rem; margin: 4rem auto; padding: 2rem; background: #fff; border-radius: 8px }}
</style>
<main>
<h1>{title}</h1>
<p>{told}</p>
</main>
</html>
"""


def opening_routes(apps: AppSettings) -> APIRouter:
    """The page, and the two documents by which devices learn whose the addresses are."""
    router = APIRouter(include_in_schema=False)
    android, ios = _android(apps), _ios(apps)

    @router.get("/open/{kind}/{id_}")
    async def opened(kind: str, id_: str, request: Request) -> Response:
        if _KIND.fullmatch(kind) is None or _ID.fullmatch(id_) is None:
            raise NotFound("There is no such link.")
        if apps.web_url is not None:
            return RedirectResponse(f"{str(apps.web_url).rstrip('/')}/{kind}/{id_}", 302)
        language = language_of(request.headers.get("accept-language", ""))
        title, told = _WORDS[language]
        return HTMLResponse(
            _PAGE.format(language=language, title=title, told=told), headers={"Vary": "Accept-Language"}
        )

    @router.get("/.well-known/assetlinks.json")
    async def asset_links() -> JSONResponse:
        return JSONResponse(android, headers=_MAX_AGE)

    @router.get("/.well-known/apple-app-site-association")
    async def site_association() -> JSONResponse:
        return JSONResponse(ios, headers=_MAX_AGE)

    return router


def _android(apps: AppSettings) -> list[dict[str, Any]]:
    """Of https://developers.google.com/digital-asset-links/v1/statements."""
    return [
        {
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": package,
                "sha256_cert_fingerprints": [fingerprint],
            },
        }
        for package, _, fingerprint in (one.partition(":") for one in apps.android.split(",") if one)
    ]


def _ios(apps: AppSettings) -> dict[str, Any]:
    """Of https://developer.apple.com/documentation/xcode/supporting-associated-domains."""
    ids = [one for one in apps.ios.split(",") if one]
    details = [{"appIDs": ids, "components": [{"/": OPENED}]}] if ids else []
    return {"applinks": {"details": details}}
