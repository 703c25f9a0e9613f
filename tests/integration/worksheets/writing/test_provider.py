"""`@carewire/yjs`: what was written is stored once, whatever dies in between."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from actors.kernel.contract.entity import SYSTEM
from tests.gateway_rig import Rig, token
from tests.integration.worksheets.writing.rig import writing_rig
from tests.unit.worksheets.sheet import Change

_JS = Path(__file__).parents[3] / "js"
_HEAD = """
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { WorksheetProvider } from "@carewire/yjs";
import { io } from "socket.io-client";
import * as Y from "yjs";
const { GATEWAY, TOKEN, KEPT } = process.env;
const OPTIONS = { transports: ["websocket"], reconnectionDelay: 50 };
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
const socket = io(GATEWAY, { auth: { token: TOKEN }, autoConnect: false, ...OPTIONS });
const text = (provider) => provider.doc.getText("text:plan").toString();
const next = (provider, event) => new Promise((met) => provider.once(event, met));
"""


@contextlib.asynccontextmanager
async def page(rig: Rig, code: str, **more: str) -> AsyncIterator["Page"]:
    """A page that runs this."""
    env = {**os.environ, "GATEWAY": rig.url(-1), "TOKEN": token("clara"), **more}
    node = await asyncio.create_subprocess_exec(
        *("node", "--preserve-symlinks", "--input-type=module", "-e", _HEAD + code),
        cwd=_JS,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Page(node)
    finally:
        if node.returncode is None:
            node.kill()
        await node.wait()


class Page:
    """What it says, line by line."""

    def __init__(self, node: asyncio.subprocess.Process) -> None:
        self._node = node

    async def said(self) -> Any:
        """The next line."""
        assert self._node.stdout is not None
        line = await asyncio.wait_for(self._node.stdout.readline(), 30)
        assert line, "it has ended"
        return json.loads(line)

    def kill(self) -> None:
        """The tab dies."""
        self._node.kill()


async def test_what_is_written_while_the_gateway_is_away_is_stored_once_when_one_is_back() -> None:
    code = """
    socket.connect();
    const provider = new WorksheetProvider(socket, "asg_1");
    provider.doc.getText("text:plan").insert(0, "one ");
    await provider.whenSaved();
    say(text(provider));
    await new Promise((met) => socket.once("disconnect", met));
    provider.doc.getText("text:plan").insert(4, "two ");
    say([provider.saved, provider.pending]);
    await provider.whenSaved();
    say([text(provider), provider.saved, provider.pending]);
    """
    async with writing_rig() as rig, page(rig, code) as clara:
        assert await clara.said() == "one "
        port = rig.gateways[0].port
        await rig.gateways[0].stop()
        assert await clara.said() == [False, 1]
        await rig.gateway(port=port)
        assert await clara.said() == ["one two ", True, 0]
        async with page(rig, 'socket.connect(); const p = new WorksheetProvider(socket, "asg_1");' + _ONCE) as other:
            assert await other.said() == "one two "


_ONCE = 'await new Promise((met) => p.on("state", () => p.synced && met())); say(text(p));'


async def test_a_tab_that_dies_before_the_answer_finds_its_text_again_once(tmp_path: Path) -> None:
    """What keeps documents on the device is a file here."""
    keeping = """
    const doc = new Y.Doc();
    if (existsSync(KEPT)) Y.applyUpdate(doc, readFileSync(KEPT));
    doc.on("update", () => writeFileSync(KEPT, Y.encodeStateAsUpdate(doc)));
    """
    kept = {"KEPT": str(tmp_path / "kept")}
    dying = (
        keeping + 'doc.getText("text:plan").insert(0, "typed on a train "); say("typed"); setInterval(() => {}, 1000);'
    )
    back = keeping + (
        'socket.connect(); const p = new WorksheetProvider(socket, "asg_1", { doc });await p.whenSaved(); say(text(p));'
    )
    async with writing_rig() as rig:
        async with page(rig, dying, **kept) as clara:
            assert await clara.said() == "typed"
            clara.kill()
        for _ in range(2):
            async with page(rig, back, **kept) as clara:
                assert await clara.said() == "typed on a train "


async def test_a_document_of_an_attempt_that_is_over_is_set_aside_and_the_next_one_is_taken() -> None:
    code = """
    socket.connect();
    const provider = new WorksheetProvider(socket, "asg_1");
    provider.on("stranded", ({ error, texts }) => say([error.code, texts]));
    provider.on("over", (reason) => say(reason));
    provider.doc.getText("text:plan").insert(0, "one ");
    await provider.whenSaved();
    say("saved");
    await next(provider, "over");
    provider.doc.getText("text:plan").insert(0, "late ");
    """

    async with writing_rig() as rig, page(rig, code) as clara:
        assert await clara.said() == "saved"
        await rig.regions[0].submit("assignment:asg_1", Change(status="submitted"), by=SYSTEM)
        assert await clara.said() == "submitted"
        assert await clara.said() == ["failed_precondition", {"text:plan": "late one "}]
