"""Settings of files: what belongs together is set together."""

import pytest

from common.errors import StartupError
from config.loading import load_settings


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"STORAGE": "s3"}, "S3_BUCKET"),
        ({"STORAGE": "disk"}, "STORAGE"),
        ({"STORAGE": "s3", "S3_BUCKET": "b", "S3_URL": "http://s3"}, "S3_BUCKET"),
        ({"STORAGE": "s3", "S3_BUCKET": "bucket", "S3_ACCESS_KEY": "key"}, "S3_SECRET_KEY"),
        ({"S3_SECRET_KEY": "secret"}, "S3_ACCESS_KEY"),
        ({"S3_URL": "s3.example.org"}, "S3_URL"),
        ({"UPLOAD_TTL_H": "0"}, "UPLOAD_TTL_H"),
    ],
)
def test_what_cannot_work_is_refused_by_name(
    given: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"CAREWIRE_FILES__{name}", value)
    with pytest.raises(StartupError, match=f"CAREWIRE_FILES__.*{named}|FILES__{named}|__{named}"):
        load_settings()


def test_a_bucket_with_keys_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STORAGE": "s3", "S3_BUCKET": "care", "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "hidden"}.items():
        monkeypatch.setenv(f"CAREWIRE_FILES__{name}", value)
    files = load_settings().files
    assert files.s3_bucket == "care"
    assert "hidden" not in repr(files)
