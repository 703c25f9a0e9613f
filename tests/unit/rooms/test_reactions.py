"""Reactions to messages: one emoji each, counted once however it is written."""

import pytest

from actors.rooms.room import commands as c
from actors.rooms.room.reactions import form_of
from common.errors import FailedPrecondition, InvalidArgument
from tests.unit.rooms.chat import ROOM, a_group


def test_reactions_come_and_go_and_say_what_they_are_now() -> None:
    chat = a_group("bob")
    sent = chat.post("ann")
    done = chat.done(c.React(sent["id"], " 👩‍⚕️ "), "bob")
    assert done.data == {"seq": 3, "reactions": {"👩‍⚕️": ["bob"]}}
    [[name, payload]] = done.packets
    assert (name, payload["seq"], payload["message"]["reactions"]) == ("reaction", 3, {"👩‍⚕️": ["bob"]})
    assert payload["message"]["body"] == "hello"
    assert chat.do(c.React(sent["id"], "👩‍⚕️"), "ann")["reactions"] == {"👩‍⚕️": ["bob", "ann"]}
    assert chat.do(c.Unreact(sent["id"], "👩‍⚕️"), "bob") == {"seq": 5, "reactions": {"👩‍⚕️": ["ann"]}}
    assert chat.do(c.Unreact(sent["id"], "👩‍⚕️"), "ann") == {"seq": 6, "reactions": {}}


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_a_repeated_reaction_gets_the_same_ack_and_no_event(memory: str) -> None:
    chat = a_group("bob")
    sent = chat.post("ann")
    for command in (c.Unreact(sent["id"], "👍"), c.React(sent["id"], "👍"), c.Unreact(sent["id"], "👍")):
        first = chat.do(command, "bob")
        version = chat.version
        if memory == "lost":
            chat.world.passivate(ROOM)
        again = chat.done(command, "bob")
        assert again.data == first
        assert not again.packets
        assert chat.version == version


def test_a_message_takes_only_so_many_different_emoji() -> None:
    chat = a_group("bob", max_reactions=2)
    sent = chat.post("ann")
    for emoji in "👍🎉":
        chat.do(c.React(sent["id"], emoji), "ann")
    with pytest.raises(FailedPrecondition):
        chat.do(c.React(sent["id"], "🙏"), "bob")
    assert chat.do(c.React(sent["id"], "👍"), "bob")["reactions"] == {"👍": ["ann", "bob"], "🎉": ["ann"]}
    chat.do(c.Unreact(sent["id"], "🎉"), "ann")
    assert "🙏" in chat.do(c.React(sent["id"], "🙏"), "bob")["reactions"]


SMUGGLED = "".join(chr(0xE0000 + ord(letter)) for letter in "she is ill")  # tag characters: nobody sees them


@pytest.mark.parametrize(
    "text",
    ["", "   ", "x", "she is ill", "+1", ":heart:", "1", "#", "❤x", "❤❤", "👍🎉", "\x00", "\ufe0f", "\u200d", "\u200b",
     "🏴" + SMUGGLED + "\U000e007f", "❤" + SMUGGLED, "❤\u200d", "👍\u200d👍\u200d👍", "🇦", "🇽🇽", "❤\u200b"],
)  # fmt: skip
def test_a_reaction_is_one_emoji_and_nothing_besides(text: str) -> None:
    chat = a_group()
    sent = chat.post("ann")
    for command in (c.React(sent["id"], text), c.Unreact(sent["id"], text)):
        with pytest.raises(InvalidArgument) as refusal:
            chat.do(command, "ann")
        assert refusal.value.details == {"field": "emoji"}


@pytest.mark.parametrize(
    "emoji",
    [
        "👍",
        "👍🏽",
        "🇩🇪",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "1️⃣",
        "👩🏽‍⚕️",
        "👨‍👩‍👧‍👦",
        "❤️‍🔥",
        "🫶",
    ],
)
def test_emoji_of_several_characters_are_one(emoji: str) -> None:
    chat = a_group()
    sent = chat.post("ann")
    assert chat.do(c.React(sent["id"], emoji), "ann")["reactions"] == {emoji: ["ann"]}


@pytest.mark.parametrize(
    ("forms", "kept"), [(("❤", "❤️", "❤︎", " ❤️\ufe0f "), "❤️"), (("👩‍⚕", "👩‍⚕️"), "👩‍⚕️"), (("👁‍🗨", "👁️‍🗨️"), "👁️‍🗨️")]
)
def test_an_emoji_counts_once_however_it_is_to_be_shown(forms: tuple[str, ...], kept: str) -> None:
    chat = a_group(*(f"user{number}" for number in range(len(forms))))
    sent = chat.post("ann")
    for number, form in enumerate(forms):
        reactions = chat.do(c.React(sent["id"], form), f"user{number}")["reactions"]
    assert reactions == {kept: [f"user{number}" for number in range(len(forms))]}
    version = chat.version
    chat.do(c.React(sent["id"], forms[-1]), "user0")
    assert chat.version == version, "it was there already"
    assert chat.do(c.Unreact(sent["id"], forms[0]), "user1")["reactions"][kept] == [
        f"user{number}" for number in range(len(forms)) if number != 1
    ]


OLD = {"❤": ("ann",), "+1": ("bob",), "👍": ("ann", "bob")}


@pytest.mark.parametrize(
    ("text", "user", "added", "form"),
    [
        ("❤️", "bob", True, "❤"),  # beside those who are there
        ("❤️", "ann", False, "❤"),
        ("+1", "bob", False, "+1"),
        ("👍", "eve", True, "👍"),
        ("🎉", "eve", True, "🎉"),
    ],
)
def test_reactions_of_older_releases_count_and_can_be_taken_off(text: str, user: str, added: bool, form: str) -> None:
    assert form_of(OLD, text, user, added=added) == form


def test_what_is_no_emoji_is_not_joined_though_it_is_there() -> None:
    with pytest.raises(InvalidArgument):
        form_of(OLD, "+1", "eve", added=True)


def test_of_two_forms_that_are_there_ones_own_counts() -> None:
    both = {"❤": ("ann",), "❤️": ("bob",)}
    assert form_of(both, "❤", "bob", added=True) == "❤️"
    assert form_of(both, "❤️", "ann", added=False) == "❤"
