"""How long messages are kept is changed as it was read, or not at all."""

import pytest

from actors.keeping.terms import GetTerms, KeptFor, RetentionTerms, SetTerms, TermsEntity
from actors.kernel.contract.entity import Context, Principal
from common.errors import FailedPrecondition, PermissionDenied

ROOT = Principal("root", "admin")
MONTH = KeptFor(days=30)


def test_terms_that_have_changed_meanwhile_are_not_set() -> None:
    entity = TermsEntity(RetentionTerms(default=KeptFor(days=90), version=7))
    assert entity.decide(GetTerms(), Context(ROOT, 10), 7).reply == entity.terms
    with pytest.raises(FailedPrecondition) as refused:
        entity.decide(SetTerms(kept=MONTH, versions=(6,)), Context(ROOT, 10), 7)
    assert refused.value.details == {"reason": "version", "version": 7}
    for command in (SetTerms(kept=MONTH, versions=(7,)), SetTerms(kept=MONTH)):
        assert entity.decide(command, Context(ROOT, 10), 7).events


def test_whoever_may_not_set_them_does_not_learn_their_version() -> None:
    with pytest.raises(PermissionDenied):
        TermsEntity().decide(SetTerms(kept=MONTH, versions=(6,)), Context(Principal("ada", "client"), 10), 7)
