"""Pictures made anew: what they told of place, time and device is gone, they stand upright, and nothing breaks."""

import io
import os
import random
import subprocess
import sys
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from serve_app.capabilities.files.looking import child
from serve_app.capabilities.files.looking.made import Made, NotMade

CANARY = b"52.5200 N 13.4050 E, Ada's telephone"
KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "HEIF": "image/heic"}
FUZZED = int(os.environ.get("DRILL_SIZE", "300"))
"""Pictures with something changed in them, of all kinds together."""
STARTED_BY_NOBODY = """
import os, sys, PIL.Image, pillow_heif
from serve_app.capabilities.files.looking import child
PIL.Image.init()
if os.geteuid() == 0:
    os.setuid(65534)
child.limit(sys.argv[1])
print(type(child.answer(sys.stdin.buffer.read(), sys.argv[1])).__name__)
"""
pillow_heif.register_heif_opener(thumbnails=False)


def drawn(kind: str = "JPEG", size: tuple[int, int] = (600, 400), mode: str = "RGB", **more: Any) -> bytes:
    buffer = io.BytesIO()
    picture = Image.new(mode, size, "white")
    picture.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    picture.save(buffer, kind, **more)
    return buffer.getvalue()


def telling(kind: str) -> bytes:
    """A picture with the canary wherever its format has room."""
    exif = Image.Exif()
    exif[0x010F] = CANARY.decode()  # who made the camera
    exif[0x0112] = 6  # turn it to the right
    more: dict[str, Any] = {"exif": exif.tobytes()} if kind != "GIF" else {"comment": CANARY}
    if kind == "JPEG":
        more["comment"] = CANARY
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Comment", CANARY.decode())
        more["pnginfo"] = info
    if kind in ("WEBP", "HEIF"):
        more["xmp"] = CANARY
    text = drawn(kind, **more)
    assert CANARY in text
    return text


def made(text: bytes, kind: str) -> Made:
    found = child.answer(text, KINDS[kind])
    assert isinstance(found, Made), found
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_a_picture_told_is_left(kind: str) -> None:
    found = made(telling(kind), kind)
    for text in (found.whole, found.blurred, *found.small.values()):
        assert CANARY not in text
        with Image.open(io.BytesIO(text)) as opened:
            assert not opened.getexif()
            assert not {"comment", "exif", "xmp", "Comment"} & set(opened.info)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_picture_stands_upright(kind: str) -> None:
    found = made(telling(kind), kind)
    assert (found.width, found.height) == (400, 600)
    with Image.open(io.BytesIO(found.whole)) as opened:
        corner = opened.convert("RGB").getpixel((390, 10))
    assert isinstance(corner, tuple)
    assert corner[0] > 200 > 60 > corner[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_limits_of_whoever_opens_it_leave_enough_to_do_so(kind: str) -> None:
    """Root is held to few of them, so somebody else opens it."""
    command = [sys.executable, "-c", STARTED_BY_NOBODY, KINDS[kind]]
    done = subprocess.run(command, input=telling(kind), capture_output=True, check=False)
    assert done.stdout == b"Made\n", done.stderr


def test_there_are_smaller_ones_and_a_blurred_one() -> None:
    found = made(drawn(size=(2000, 1000)), "JPEG")
    sizes = {name: Image.open(io.BytesIO(text)).size for name, text in found.small.items()}
    assert sizes == {"256": (256, 128), "1280": (1280, 640)}
    assert Image.open(io.BytesIO(found.blurred)).size == (32, 16)


def test_a_colour_profile_is_kept() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = made(drawn(icc_profile=profile), "JPEG")
    with Image.open(io.BytesIO(found.whole)) as opened:
        assert opened.info["icc_profile"] == profile


def test_what_can_be_seen_through_stays_so_and_what_moves_goes_on_moving() -> None:
    assert Image.open(io.BytesIO(made(drawn("PNG", mode="RGBA"), "PNG").whole)).mode == "RGBA"
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=70, loop=0)
    with Image.open(io.BytesIO(made(buffer.getvalue(), "GIF").whole)) as opened:
        assert getattr(opened, "n_frames", 1) == 3


def test_too_many_points_are_refused_before_they_are_there() -> None:
    text = drawn("PNG", (8000, 8000), "L")
    assert child.answer(text, "image/png") == NotMade(reason="too_many_pixels")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_changed_in_a_picture_there_is_an_answer_and_nothing_it_told(kind: str) -> None:
    chance, whole = random.Random(f"{kind}{os.environ.get('FIRST_SEED', '')}"), telling(kind)
    for _ in range(FUZZED // len(KINDS)):
        text = bytearray(whole)
        for _ in range(chance.randrange(1, 12)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        found = child.answer(bytes(text[: chance.randrange(len(text) // 2, len(text))]), KINDS[kind])
        if isinstance(found, Made):
            assert CANARY[:16] not in found.whole + found.blurred + b"".join(found.small.values())


def test_a_picture_of_another_type_than_it_was_told_is_unreadable() -> None:
    assert child.answer(drawn("PNG"), "image/jpeg") == NotMade(reason="unreadable")
