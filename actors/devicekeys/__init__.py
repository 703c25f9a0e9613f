"""Keys of devices, for rooms that the server cannot read. `devicekeys:<user>` hands each one-time key out once, keeps
what is on its way to a device until it has it, and backups that only the person can open.

records.py   devices, keys, what is answered
commands.py  what can be asked
events.py    what happens
entity.py    the rules
kind.py      keys as the kernel sees them
"""
