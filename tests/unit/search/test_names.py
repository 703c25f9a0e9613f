"""Names of people are looked up once, and again when somebody changes."""

from collections.abc import Callable, Mapping, Sequence

from serve_app.capabilities.search.sources.people import NamesRemembered


class Register:
    """Who is called how; counts who was looked up."""

    def __init__(self) -> None:
        self.called = {"ada": "Ada", "bob": "Bob"}
        self.asked: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def names(self, users: Sequence[str]) -> Mapping[str, str]:
        self.asked += users
        found = {user: self.called[user] for user in users if user in self.called}
        self.meanwhile()
        return found


async def test_names_are_looked_up_once_until_somebody_changes() -> None:
    register = Register()
    names = NamesRemembered(register.names)
    for _ in range(3):
        assert await names(["ada", "eve"]) == {"ada": "Ada"}
    assert await names(["bob", "ada"]) == {"bob": "Bob", "ada": "Ada"}
    assert register.asked == ["ada", "eve", "bob"]
    register.called["ada"] = "Ada L."
    names.forget("ada")
    assert await names(["ada", "bob"]) == {"ada": "Ada L.", "bob": "Bob"}
    names.forget("")
    await names(["bob"])
    assert register.asked == ["ada", "eve", "bob", "ada", "bob"]


async def test_a_name_that_changes_while_it_is_looked_up_is_looked_up_again() -> None:
    register = Register()
    names = NamesRemembered(register.names)
    register.meanwhile = lambda: names.forget("ada")
    assert await names(["ada"]) == {"ada": "Ada"}
    register.meanwhile, register.called["ada"] = lambda: None, "Ada L."
    assert await names(["ada"]) == {"ada": "Ada L."}
