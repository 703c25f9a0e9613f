"""The ML routes with the shipped model behind them, without Ray: shapes, errors, and a thousand hostile inputs."""

import asyncio
import json
import logging
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.clock import SystemClock
from config.ml import MlSettings
from ml.answers.opinions import Opinion, opinions
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge, load_knowledge
from ml.model.artifact import current_version
from ml.model.trained import TrainedModel
from serve_app.capabilities.prediction.batch import WINDOW, scored
from serve_app.capabilities.prediction.cache import TtlCache
from serve_app.capabilities.prediction.routes import message_routes, prediction_routes
from serve_app.capabilities.prediction.service import NO_MODEL, ModelInService, PredictionService
from serve_app.capabilities.prediction.wire import call
from serve_app.edge.api import problems

TYPICAL: dict[str, Any] = {"symptoms": ["high fever", "dry cough", "aching all over"], "age": 34, "sex": "female"}


def _folder() -> Path:
    artifacts = MlSettings().artifacts
    return artifacts / current_version(artifacts)


class Direct:
    """The service without a process around it."""

    def __init__(self, knowledge: Knowledge, model: TrainedModel | None, clock: Any = None) -> None:
        cache: TtlCache[Opinion] = TtlCache(1000, 1800, clock or SystemClock())
        self.service = PredictionService(knowledge, cache, self._evaluate)
        self.service.served = NO_MODEL if model is None else ModelInService(model, model.info, _folder())

    async def ask(self, method: str, body: dict[str, object]) -> dict[str, object]:
        return await call(self.service, method, body)

    async def _evaluate(self, served: ModelInService, evidence: PatientEvidence) -> Opinion:
        assert served.model is not None
        return opinions(served.model, self.service.knowledge, [evidence])[0]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.fixture(scope="module")
def model(knowledge: Knowledge) -> TrainedModel:
    return TrainedModel.load(_folder(), knowledge)


@pytest.fixture(scope="module")
def direct(knowledge: Knowledge, model: TrainedModel) -> Direct:
    return Direct(knowledge, model)


def client_of(direct: Direct) -> httpx.AsyncClient:
    app = FastAPI()
    problems.install(app)
    app.include_router(prediction_routes(direct))
    app.include_router(message_routes(direct))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://carewire")


@pytest.fixture
async def client(direct: Direct) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(direct) as client:
        yield client


async def test_an_answer_has_the_shape_of_the_contract(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/ml/predict", json=TYPICAL | {"top_k": 3})
    assert response.status_code == 200
    body = response.json()
    assert len(body["predictions"]) == 3
    top = body["predictions"][0]
    assert top["condition"] == "influenza"
    assert top["icd10"] == "J11.1"
    assert 0 < top["probability"] < 1
    assert {"symptom", "weight"} <= set(top["evidence"][0])
    assert body["triage"] in ("self_care", "routine", "urgent", "emergency")
    assert body["model"]["calibration_error"] <= 0.03
    assert body["disclaimer"]
    assert body["unrecognised"] == []
    assert body["abstained"] is False


async def test_the_same_evidence_in_other_words_is_answered_from_the_cache(client: httpx.AsyncClient) -> None:
    one = {"symptoms": ["tummy ache", "throwing up"], "age": 41, "sex": "male"}
    other = one | {"symptoms": ["vomiting", "my stomach hurts"]}
    first = (await client.post("/api/ml/predict", json=one)).json()
    second = (await client.post("/api/ml/predict", json=other)).json()
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["predictions"] == second["predictions"]
    assert (await client.get("/api/ml/model")).json()["cache"]["hit_rate"] > 0


async def test_a_kept_answer_is_forgotten_after_its_time(knowledge: Knowledge, model: TrainedModel) -> None:
    clock = _Clock()
    direct = Direct(knowledge, model, clock)
    async with client_of(direct) as client:
        for later_s, cached in ((0, False), (1799, True), (1801, False)):
            clock.at_s = later_s
            assert (await client.post("/api/ml/predict", json=TYPICAL)).json()["cached"] is cached


class _Clock:
    at_s = 0.0

    def now_ms(self) -> int:
        return int(self.at_s * 1000)

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return self.at_s


async def test_without_a_model_the_rules_still_answer_and_say_so(knowledge: Knowledge) -> None:
    async with client_of(Direct(knowledge, None)) as client:
        body = (await client.post("/api/ml/predict", json=TYPICAL | {"symptoms": ["chest pain", "sweating"]})).json()
        assert body["model"]["version"] == "rules-only"
        assert body["predictions"] == []
        assert body["abstained"] is True
        assert "not available" in body["abstain_reason"]
        assert body["triage"] == "emergency"
        question = await client.post("/api/ml/next-question", json=TYPICAL)
        assert question.status_code == 503


async def test_what_nobody_understood_is_unknown_and_comes_back(client: httpx.AsyncClient) -> None:
    body = (await client.post("/api/ml/predict", json=TYPICAL | {"symptoms": ["dolor de pecho"]})).json()
    assert (body["triage"], body["abstained"], body["unrecognised"]) == ("unknown", True, ["dolor de pecho"])


async def test_a_single_red_score_is_named(client: httpx.AsyncClient) -> None:
    body = (await client.post("/api/ml/predict", json=TYPICAL | {"age": 60, "vitals": {"systolic": 85}})).json()
    assert body["early_warning"]["red"] == ["systolic"]
    assert body["early_warning"]["band"] != "low"
    assert body["triage"] == "emergency"


async def test_messages_are_classified_as_the_contract_says(client: httpx.AsyncClient) -> None:
    danger = {"text": "I am going to kill myself tonight", "task": "safety"}
    body = (await client.post("/api/ml/classify-message", json=danger)).json()
    assert (body["task"], body["severity"]) == ("safety", "emergency")
    assert {"plan", "meant_plan"} <= set(body["rules"])
    assert body["labels"][0]["label"] == "self_harm"
    wish = {"text": "please cancel my session", "task": "intent"}
    body = (await client.post("/api/ml/classify-message", json=wish)).json()
    assert body["labels"][0]["label"] == "cancel"
    assert "severity" not in body
    for wrong in (
        {"text": "x"},
        {"text": "x", "task": "mood"},
        {"text": "x" * 8001, "task": "intent"},
        wish | {"a": 1},
    ):
        assert (await client.post("/api/ml/classify-message", json=wrong)).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"age": 200}, "age"),
        ({"age": -3}, "age"),
        ({"vitals": {"temperature_c": 60}}, "vitals.temperature_c"),
        ({"sex": "unicorn"}, "sex"),
        ({"symptoms": []}, "symptoms"),
        ({"symptoms": "cough"}, "symptoms"),
        ({"medication": ["warfarin"]}, "medication"),
        ({"top_k": 0}, "top_k"),
    ],
)
async def test_a_wrong_request_is_refused_by_field(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    response = await client.post("/api/ml/predict", json=TYPICAL | change)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "invalid_argument"
    assert response.json()["details"]["field"] == field


async def test_age_and_sex_may_be_left_out_and_the_answer_says_so(client: httpx.AsyncClient) -> None:
    known = (await client.post("/api/ml/predict", json=TYPICAL)).json()
    assert known["notes"] == []
    asked = {"symptoms": TYPICAL["symptoms"]}
    body = (await client.post("/api/ml/predict", json=asked)).json()
    assert "age and sex" in body["notes"][0]
    assert body["predictions"][0]["condition"] == "influenza"
    again = (await client.post("/api/ml/predict", json=asked)).json()
    assert again["cached"] is True
    young = (await client.post("/api/ml/predict", json=asked | {"age": 30})).json()
    assert [note for note in young["notes"] if "sex" in note and "age" not in note]
    question = (await client.post("/api/ml/next-question", json={"symptoms": ["cough"]})).json()
    assert question["question"]["symptom"]


async def test_a_set_that_covers_stands_beside_the_ranking(client: httpx.AsyncClient) -> None:
    sure = (await client.post("/api/ml/predict", json=TYPICAL | {"symptoms": ["seizure", "bit my tongue"]})).json()
    vague = (await client.post("/api/ml/predict", json=TYPICAL | {"symptoms": ["tired"]})).json()
    assert sure["prediction_set"][0] == sure["predictions"][0]["condition"]
    assert len(sure["prediction_set"]) < len(vague["prediction_set"])


async def test_a_batch_is_answered_line_by_line_and_a_bad_line_stops_no_other(client: httpx.AsyncClient) -> None:
    good = [TYPICAL | {"age": age} for age in range(20, 60)]
    lines = [json.dumps(one) for one in good]
    lines[3:3] = ["not json", json.dumps(TYPICAL | {"age": 900}), json.dumps(TYPICAL | {"medication": ["x"]}), ""]
    response = await client.post("/api/ml/predict-batch", content="\n".join(lines) + "\n")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/x-ndjson")
    answers = [json.loads(line) for line in response.text.splitlines()]
    assert [one["line"] for one in answers] == list(range(1, 44))
    assert {one["of"] for one in answers} == {43}
    bad = [one for one in answers if "error" in one]
    assert [one["line"] for one in bad] == [4, 5, 6]
    assert {one["error"]["code"] for one in bad} == {"invalid_argument"}
    assert bad[1]["error"]["details"]["field"] == "age"
    alone = (await client.post("/api/ml/predict", json=good[0])).json()
    assert answers[0]["answer"]["predictions"] == alone["predictions"]


@pytest.mark.parametrize(("lines", "word"), [(0, "one prediction request"), (501, "At most 500")])
async def test_a_batch_has_one_to_500_lines(client: httpx.AsyncClient, lines: int, word: str) -> None:
    response = await client.post("/api/ml/predict-batch", content="{}\n" * lines)
    assert response.status_code == 400
    assert word in response.json()["detail"]


async def test_answers_of_a_batch_leave_before_the_last_is_there() -> None:
    """Progress is progress: while the last line hangs, the first have been answered; and only a window is under way."""
    slow = _Slow(hang_at=200)
    answers = scored(slow, [json.dumps(TYPICAL).encode()] * 300)
    first = [await anext(answers) for _ in range(100)]
    assert json.loads(first[-1])["line"] == 100
    assert slow.most_at_once <= WINDOW
    await answers.aclose()
    await slow.all_ended(within_s=5.0)


class _Slow:
    """A predictor of which one answer never comes."""

    def __init__(self, hang_at: int) -> None:
        self.asked, self.under_way, self.most_at_once = 0, 0, 0
        self._hang_at, self._idle = hang_at, asyncio.Event()

    async def ask(self, method: str, body: dict[str, object]) -> dict[str, object]:
        self.asked += 1
        self.under_way += 1
        self._idle.clear()
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await (asyncio.Event().wait() if self.asked >= self._hang_at else asyncio.sleep(0))
            return {"predictions": []}
        finally:
            self.under_way -= 1
            if not self.under_way:
                self._idle.set()

    async def all_ended(self, within_s: float) -> None:
        await asyncio.wait_for(self._idle.wait(), within_s)


async def test_the_card_is_a_page_that_loads_nothing(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/ml/model/card")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.count("<svg") >= 15
    assert "one complaint, no vital signs" in response.text
    assert "Held to exact Bayes" in response.text
    assert not re.search(r"""(src|href)\s*=|url\(|@import|<script""", response.text)


async def test_without_a_model_there_is_no_card(knowledge: Knowledge) -> None:
    async with client_of(Direct(knowledge, None)) as client:
        assert (await client.get("/api/ml/model/card")).status_code == 503


async def test_recommendations_screening_and_questions_answer(client: httpx.AsyncClient) -> None:
    profile = {"age": 30, "sex": "female", "allergies": ["penicillin"], "medications": [], "medical_history": []}
    body = (await client.post("/api/ml/recommend", json={"condition": "pneumonia", "profile": profile})).json()
    assert "amoxicillin" in [one["drug"] for one in body["excluded"]]
    assert {"drug", "class", "line", "dose_note", "reasons", "warnings"} <= set(body["recommendations"][0])
    body = (await client.post("/api/ml/screening/phq9", json={"answers": [1] * 9})).json()
    assert body["total"] == 9
    assert body["crisis"]
    body = (await client.post("/api/ml/next-question", json=TYPICAL | {"symptoms": ["cough"]})).json()
    assert body["enough"] is False
    assert body["question"]["symptom"]
    emergency = TYPICAL | {"symptoms": ["crushing chest pain and sweating"]}
    body = (await client.post("/api/ml/next-question", json=emergency)).json()
    assert body["enough"] is True


async def test_a_thousand_random_and_hostile_inputs_get_an_answer_or_a_clear_error(client: httpx.AsyncClient) -> None:
    rng = random.Random(20261120)
    answered = refused = 0
    for _ in range(1000):
        response = await client.post("/api/ml/predict", json=_hostile(rng))
        if response.status_code == 200:
            body = response.json()
            assert all(0 <= one["probability"] <= 1 for one in body["predictions"])
            answered += 1
        else:
            assert response.status_code == 400, response.text
            assert response.json()["details"]["field"]
            refused += 1
    assert answered > 200
    assert refused > 200


async def test_broken_bodies_are_refused(client: httpx.AsyncClient) -> None:
    for content in (
        b"",
        b"[]",
        b"nonsense",
        b'{"symptoms": ',
        b"null",
        b'{"age": NaN, "symptoms": ["cough"], "sex": "male"}',
    ):
        response = await client.post("/api/ml/predict", content=content, headers={"content-type": "application/json"})
        assert response.status_code == 400, content


async def test_no_symptom_text_reaches_the_logs(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await client.post("/api/ml/predict", json=TYPICAL | {"symptoms": ["my very secret itch", "wibble"]})
        await client.post("/api/ml/predict", json=TYPICAL | {"symptoms": ["my very secret itch"], "age": 999})
    assert "secret" not in caplog.text
    assert "wibble" not in caplog.text


SCRAPS = [
    "", " ", "cough", "no fever", "\U0001f912\U0001f922", "\u5934\u75db", "Kopfschmerzen", "\u0633\u0639\u0627\u0644",
    "a" * 1999, "x" * 2001, "'; DROP TABLE patients; --", "<script>alert(1)</script>", "\x00\x01\x02", "{{7*7}}",
    "NaN", "-1", "temp of 9999", "bp 0/0", "for 99999999999999 years", "chest pain " * 100, "no no no no not not",
    "%s%s%s%n", "../../etc/passwd", "\u202efever", "fe\u0301ver", "FEVER!!!!!!", "102F 39C 900K", ",,,,;;;;", "\n\n\n",
    "my mother's brother's dog had a cough", "can't can't can't", "1e309", "worst headache", "10" * 500,
]  # fmt: skip


def _hostile(rng: random.Random) -> dict[str, Any]:
    letters = "".join(chr(rng.randrange(32, 0x3000)) for _ in range(rng.randrange(60)))
    body: dict[str, Any] = {
        "symptoms": [rng.choice([*SCRAPS, letters]) for _ in range(rng.choice((0, 1, 1, 2, 3, 8, 500)))],
        "age": rng.choice([0, 0.1, 5, 34, 80, 119, 30, 40, 50, 60, 70, 20, -5, 200, 1e12, "forty", None]),
        "sex": rng.choice(["female", "male", "other", "male", "female", "male", "robot", None]),
    }
    extras: dict[str, list[Any]] = {
        "severity": ["mild", "severe", "apocalyptic", 3],
        "duration_days": [0, 1, 365, -1, 1e9, "long"],
        "medical_history": [[], ["diabetes"], SCRAPS[:10], "diabetes", [None]],
        "medications": [[], ["warfarin"], ["???"], [1]],
        "allergies": [[], ["penicillin"], {"a": 1}],
        "pregnant": [True, False, None, "maybe"],
        "vitals": [{}, {"temperature_c": 37}, {"temperature_c": -300}, {"spo2": 101}, {"systolic": "high"}, [], None],
        "top_k": [1, 5, 17, 0, -1, 1000, "all"],
        "unknown": [1],
    }
    for name, values in extras.items():
        if rng.random() < 0.08:
            body[name] = rng.choice(values)
    return body
