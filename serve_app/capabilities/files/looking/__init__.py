"""What bytes are, and whether people may have them. Plain, and for bytes that mean harm.

types.py       types by the first bytes
claims.py      do they fit what was told of them?
archives.py    archives, opened as far as their bounds allow
source.py      a blob as a file that can be read anywhere, for who knows only files
pictures.py    pictures are made anew, in a process of their own
child.py       that process
made.py        what it answers
clamd.py       the scanner
"""
