"""What a shard imports for documents that nobody has opened."""

import subprocess
import sys


def test_the_crdt_is_imported_when_a_document_is_used() -> None:
    code = (
        "import sys; from tests.unit.worksheets.sheet import SheetKind; SheetKind(); "
        "assert 'pycrdt' not in sys.modules; "
        "from actors.worksheets.document.part import Document; Document.new(); assert 'pycrdt' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
