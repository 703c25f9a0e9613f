"""`notifier:<id>`: what one person is told outside of the sockets; or whoever an invitation was sent to.

commands.py   what is asked                     answers.py   what is answered
device_commands.py   what is asked of devices   device_answers.py   what is answered of them
events.py     what happened                     subjects.py  what a notification is about, and words
snapshot.py   what it remembers between turns   state.py     marks and counts, and the fold
planning/     where a notification is told, when, and why not: one pure function
items/        notifications as parts, their read model, numbers that have been read
rules/        telling, judging what is held, marking, devices, what is sent
entity.py     which rule decides which command  kind.py      notifiers as the kernel sees them
"""
