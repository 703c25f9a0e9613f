"""The process that makes pictures anew: reads one from its input, writes what it made of it, and ends.

It has no more memory and time than it was given, no secret, and no database; a picture that breaks it breaks nothing
else. `python -m serve_app.capabilities.files.looking.child`, started by `pictures.py`.

Out comes msgpack: `Made`, or `{"reason": ...}`. Everything is encoded anew from the points alone, turned as it is to be
seen, with its colour profile and nothing else: so what it told of place, time and device is gone.
"""

import io
import resource
import sys
from typing import Any, Final

import msgspec
from PIL import Image, ImageFilter, ImageOps, ImageSequence

from serve_app.capabilities.files.looking.made import MOST_PIXELS, Made, NotMade

_MEMORY_BYTES: Final = 1 << 30
_CPU_S: Final = 20
_BLURRED: Final = 32
_SIDES: Final = {"256": 256, "1280": 1280}
_LARGEST_PROFILE: Final = 1 << 20
_ANIMATED: Final = frozenset({"GIF", "WEBP"})
_HEIC: Final = "image/heic"
_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    _HEIC: "HEIF",
}
_OUT: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


class TooManyPixels(Exception):
    """It would not fit."""


def main() -> None:
    """See the module."""
    kind = sys.argv[1]
    limit(kind)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(sys.stdin.buffer.read(), kind)))
    sys.stdout.buffer.flush()


def limit(kind: str) -> None:
    """From now on: so much memory and time, no file to write, and no process to begin. Whoever opens HEIC needs a
    thread, which counts as a process."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if kind != _HEIC:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def answer(text: bytes, kind: str) -> Made | NotMade:
    """What is made of a picture of this type."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        return made(text, kind)
    except (TooManyPixels, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return NotMade(reason="too_many_pixels")
    except Exception:  # whatever a broken picture made the library say  # noqa: BLE001
        return NotMade(reason="unreadable")


def made(text: bytes, kind: str) -> Made:
    """The picture anew, its variants, and the blurred one."""
    if kind == _HEIC:
        _with_heif()
    with Image.open(io.BytesIO(text), formats=[_FORMATS[kind]]) as opened:
        if opened.width * opened.height * max(1, getattr(opened, "n_frames", 1)) > MOST_PIXELS:
            raise TooManyPixels
        out = opened.format if opened.format in _OUT else "JPEG"
        assert out is not None
        profile = _profile(opened)
        if getattr(opened, "n_frames", 1) > 1 and out in _ANIMATED:
            whole, first = _animated(opened, out, profile)
        else:
            first = _upright(opened)
            whole = _encoded(first, out, profile)
    small = {name: _smaller(first, side, profile) for name, side in _SIDES.items() if max(first.size) > side}
    small |= {name: _smaller(first, max(first.size), profile) for name in _SIDES if name not in small}
    return Made(
        type=_OUT[out], width=first.width, height=first.height, whole=whole, small=small, blurred=_blurred(first)
    )


def _upright(opened: Image.Image) -> Image.Image:
    """Turned as it is to be seen, with its points and nothing that it told beside."""
    turned = ImageOps.exif_transpose(opened)
    mode = turned.mode if turned.mode in ("L", "RGB", "RGBA") else "RGBA" if _is_transparent(turned) else "RGB"
    plain = turned.convert(mode)
    bare = Image.new(mode, plain.size)
    bare.paste(plain)
    return bare


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info


def _animated(opened: Image.Image, out: str, profile: bytes | None) -> tuple[bytes, Image.Image]:
    frames, durations = [], []
    for frame in ImageSequence.Iterator(opened):
        durations.append(int(frame.info.get("duration", 100)))
        frames.append(_bare(frame.convert("RGBA")))
    buffer = io.BytesIO()
    more: dict[str, Any] = {"icc_profile": profile} if profile and out == "WEBP" else {}
    loop = int(opened.info.get("loop", 0))
    frames[0].save(
        buffer, out, save_all=True, append_images=frames[1:], duration=durations, loop=loop, disposal=2, **more
    )
    return buffer.getvalue(), frames[0]


def _bare(image: Image.Image) -> Image.Image:
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare


def _encoded(image: Image.Image, out: str, profile: bytes | None) -> bytes:
    buffer = io.BytesIO()
    more: dict[str, Any] = {"icc_profile": profile} if profile and out != "GIF" else {}
    if out == "JPEG":
        image = _on_white(image)
        more |= {"quality": 88, "optimize": False}
    elif out == "WEBP":
        more |= {"quality": 88, "method": 2}
    image.save(buffer, out, **more)
    return buffer.getvalue()


def _smaller(image: Image.Image, side: int, profile: bytes | None) -> bytes:
    """JPEG, or WebP where it may be seen through."""
    small = image.copy()
    small.thumbnail((side, side))
    return _encoded(small, "WEBP" if image.mode == "RGBA" else "JPEG", profile)


def _blurred(image: Image.Image) -> bytes:
    small = _on_white(image)
    small.thumbnail((_BLURRED, _BLURRED))
    return _encoded(small.filter(ImageFilter.GaussianBlur(2)), "JPEG", None)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.copy()
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _profile(opened: Image.Image) -> bytes | None:
    profile = opened.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and len(profile) <= _LARGEST_PROFILE else None


def _with_heif() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, decode_threads=1)


if __name__ == "__main__":
    main()
