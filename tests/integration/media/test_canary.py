"""What people say of themselves and of where they are is in no log, no metric, no index, no document and no error."""

import re
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest
from structlog.testing import capture_logs

from serve_app.processes.peers import ask_process
from store.mongo.processes import ProcessRegistry
from tests.gateway_rig import Client, token
from tests.integration.media.people import a_home

NAME, UFRAG, CANDIDATE = "Canary Quellwasser", "canaryufrag", "203.0.113.77"
FINGERPRINT = ":".join(["CA", "7A"] * 16)
SECRETS = (NAME, UFRAG, CANDIDATE, FINGERPRINT)
SDP = f"""v=0
o=- 1 2 IN IP4 {CANDIDATE}
s={NAME}
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 {CANDIDATE}
a=mid:0
a=ice-ufrag:{UFRAG}
a=ice-pwd:{UFRAG}{UFRAG}
a=fingerprint:sha-256 {FINGERPRINT}
a=candidate:1 1 udp 1 {CANDIDATE} 5000 typ host
a=rtpmap:96 H264/90000
""".replace("\n", "\r\n")
HOST = token("tess", "therapist")


async def test_nothing_of_it_is_written_anywhere(mongo_url: str, mongo: Any, tmp_path: Path) -> None:
    answers: list[str] = []
    with capture_logs() as lines:
        async with a_home(mongo_url, mongo.name, tmp_path) as (home, workshop, _):
            tess, ada = await home.socket(HOST), await home.socket(token("ada"))
            for provider in ("mesh", "sfu"):
                body = {"people": ["ada"], "config": {"provider": provider, "lobby": "off"}}
                meeting = (await home.ok("POST", "/api/meetings", body, bearer=HOST))["meeting"]["id"]
                seats = [
                    await one.ok("join_video_room", {"meeting_id": meeting, "display_name": NAME})
                    for one in (tess, ada)
                ]
                answers += [str(await said) for said in everything(ada, meeting, seats, provider)]
            pages = [generate_latest(home.context.registry).decode()]
            for name in workshop.workers:
                process = await ProcessRegistry(home.database).holder(name)
                assert process is not None
                pages.append((await ask_process(process, "metrics", 10)).decode())
            assert len(pages) == 2, "a worker was there"
            stored = [str(document) async for document in documents(home.database)]
    assert "request.answered" in str(lines), "the setup is sound: there are logs"
    assert any("ada" in text for text in stored), "the setup is sound: there are documents"
    found = {
        where: [secret for secret in SECRETS if any(secret in text for text in texts)]
        for where, texts in {
            "logs": [str(lines)],
            "metrics": pages,
            "documents": stored,
            "errors": [answer for answer in answers if "'ok': False" in answer],
        }.items()
    }
    assert found == {"logs": [], "metrics": [], "documents": [], "errors": []}
    assert sum("'ok': False" in answer for answer in answers) >= 6, answers
    assert not [page for page in pages if re.search(r"(prt|mtg|usr)_", page)]


def everything(one: Client, meeting: str, seats: list[Any], provider: str) -> Any:
    """What names where somebody is: said as it should be, and in ways that are refused."""
    ticket, epoch = seats[1]["ticket"]["token"], seats[1]["media"]["epoch"]
    base = {"meeting_id": meeting, "ticket": ticket, "epoch": epoch}
    said = {"description": {"type": "offer", "sdp": SDP}}
    trickled = {"candidate": {"candidate": f"candidate:1 1 udp 1 {CANDIDATE} 5000 typ host", "sdpMid": "0"}}
    to = {"to": seats[0]["participant"]["participant_id"]}
    if provider == "mesh":
        for wrong in ({}, {"epoch": epoch + 1}, {"ticket": SDP}, {"to": NAME}, {"to": 5}):
            for what in (said, trickled):
                yield one.call("meeting_signal", base | to | what | wrong)
        return
    tracks = [{"mid": "0", "source": "camera"}]
    for sdp in (SDP, SDP.replace("H264", "VP8"), SDP + "a=" + UFRAG, SDP[:200], NAME, SDP * 200):
        yield one.call("meeting_offer", base | {"sdp": sdp, "tracks": tracks})
    yield one.call("meeting_offer", base | {"sdp": SDP, "tracks": [{"mid": NAME, "source": NAME}]})
    yield one.call("meeting_offer", base | {"sdp": SDP, "tracks": tracks, "ticket": SDP})
    yield one.call("join_video_room", {"meeting_id": meeting, "display_name": NAME * 500})
    yield one.call("set_media", {"meeting_id": meeting, "microphone": SDP})


async def documents(database: Any) -> Any:
    """All there are, with the names of indexes."""
    for name in await database.list_collection_names():
        yield await database[name].index_information()
        async for document in database[name].find():
            yield document
