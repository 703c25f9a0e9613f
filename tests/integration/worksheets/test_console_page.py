"""The page `/console/worksheet`: what it may do, and what its script says of answers."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from actors.worksheets.document.digest import digest_of
from tests.identity_rig import House

SCRIPT: Final = (
    Path(__file__).parents[3] / "serve_app" / "capabilities" / "worksheets" / "pages" / "carewire-worksheet.js"
)
ANSWERS: Final[list[dict[str, Any]]] = [
    {},
    {"mood": 3, "calm": 0.25, "far": 1e21, "near": 1e-7, "zero": 0},
    {"story": 'Ünï "quoted"\n\u2028 😀 \x07', "list": ["b", "a"], "walk": False},
]


def node(lines: str, *given: Any) -> Any:
    """What these lines print, with the script's names and `given`."""
    names = "import {canonical, difference, Worksheet} from " + json.dumps(SCRIPT.as_uri()) + ";"
    code = f"{names} const given = {json.dumps(given)}; const out = await (async () => {{ {lines} }})();"
    code += "console.log(JSON.stringify(out));"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_may_talk_to_its_own_carewire_and_nothing_else(home: House) -> None:
    async with home.http() as http:
        page = await http.get("/console/worksheet")
        script = await http.get("/console/carewire-worksheet.js")
    policy = page.headers["content-security-policy"]
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in policy
    assert "connect-src 'self';" in policy
    assert 'src="/console/carewire-worksheet.js"' in page.text
    assert script.headers["content-type"].startswith("text/javascript")


def test_what_it_hands_in_has_the_digest_that_the_server_makes() -> None:
    texts = node("return given[0].map(canonical);", ANSWERS)
    lines = "return Promise.all(given[0].map(async (text) => Buffer.from(await crypto.subtle.digest('SHA-256', "
    lines += "new TextEncoder().encode(text))).toString('hex')));"
    assert node(lines, texts) == [digest_of(answers) for answers in ANSWERS]


def test_what_was_not_answered_is_sent_again_under_the_same_name_and_others_words_are_kept() -> None:
    """The first save is lost on its way; the second is answered with what somebody else has written meanwhile."""
    said = node("""
        const sent = [];
        const answers = [null, {seq: 9, saved_at: "now", attempt: 1, merged: [], answers: {mood: 4, story: "theirs"}}];
        const fetch_ = async (_, {body}) => {
          sent.push(JSON.parse(body));
          const said = answers.shift();
          if (!said) throw new TypeError("lost");
          return {ok: true, json: async () => said};
        };
        const sheet = new Worksheet("asg_1", "token", {fetch_});
        Object.assign(sheet, {answers: {mood: 4}, saved: {walk: true}, seq: 7, attempt: 1});
        const lost = await sheet.save().catch((error) => error.message);
        sheet.answers.calm = 0.5;
        const others = await sheet.save();
        return {lost, others, sent, answers: sheet.answers, left: difference(sheet.saved, sheet.answers)};
    """)
    first, again = said["sent"]
    assert (said["lost"], said["others"]) == ("lost", True)
    assert first == again
    assert (first["answers"], first["unset"], first["base"]) == ({"mood": 4}, ["walk"], 7)
    assert said["answers"] == {"mood": 4, "story": "theirs", "calm": 0.5}
    assert said["left"] == {"answers": {"calm": 0.5}, "unset": []}
