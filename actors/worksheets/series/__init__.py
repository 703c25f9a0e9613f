"""Work that recurs: `assignments:<series id>` makes each assignment when its time comes, or after a session of the two.

commands.py   what can be asked of it          events.py   what happens to it
entity.py     the rules                        kind.py     the same as the kernel sees it
"""
