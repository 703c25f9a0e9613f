"""Operations asked for by name, as one capability asks another."""

import pytest

from actors.kernel.contract.entity import Principal
from common.errors import FailedPrecondition
from serve_app.capabilities.rooms.blocks.references import file, payment, worksheet
from serve_app.capabilities.table import OperationTable
from serve_app.edge.operation import Caller

CALLER = Caller(Principal("ada"), "t1")


@pytest.mark.parametrize("kind", [payment, worksheet, lambda table: file(table, "A file")])
async def test_a_block_of_a_feature_that_is_off_says_so_and_has_words_for_it(kind) -> None:  # type: ignore[no-untyped-def]
    block = kind(OperationTable())
    with pytest.raises(FailedPrecondition) as refused:
        await block.check({block.member: "one"}, CALLER)
    assert refused.value.details == {"reason": "off"}
    assert block.fallback({})
