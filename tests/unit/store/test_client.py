import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from common.errors import StartupError, Unavailable
from store.mongo.client import database_errors, is_passing, open_client


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (AutoReconnect("closed"), True),
        (NetworkTimeout("timed out"), True),
        (ServerSelectionTimeoutError("nobody"), True),
        (WaitQueueTimeoutError("no connection"), True),
        (NotPrimaryError("stepped down"), True),
        (ExecutionTimeout("too long", 50), True),
        (WTimeoutError("no majority", 64), True),
        (WriteConcernError("no majority", 100), True),
        (OperationFailure("shutting down", 11600), True),
        (BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64, "errmsg": "", "errInfo": {}}]}), True),
        (BulkWriteError({"writeErrors": [{"code": 2, "errmsg": "bad"}], "writeConcernErrors": []}), False),
        (DuplicateKeyError("taken", 11000), False),
        (OperationFailure("bad query", 2), False),
        (OperationFailure("not allowed", 13), False),
        (ConfigurationError("nonsense"), False),
    ],
)
def test_what_passes_by_itself_is_unavailable_and_what_is_wrong_stays_as_it_is(
    error: PyMongoError, passing: bool
) -> None:
    assert is_passing(error) is passing
    with pytest.raises(Unavailable if passing else type(error)), database_errors():
        raise error


@pytest.mark.parametrize("url", ["", "http://localhost", "mongodb://", "mongodb://host:port", "mongodb://h/?w=x&y"])
def test_a_malformed_url_is_one_line_for_the_operator(url: str) -> None:
    with pytest.raises(StartupError, match="CAREWIRE_MONGO__URL") as caught:
        open_client(url, timeout_s=1.0)
    assert "\n" not in str(caught.value)
