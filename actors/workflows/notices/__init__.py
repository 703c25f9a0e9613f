"""What people are told while they do not look, and what follows from telling them: rules that write to notifiers, and
rules for what happens to those.

rooms.py      how much is unread in rooms
bookings.py   bookings, reminders, offers      security.py   warnings about an account
notifier.py   notifications in inboxes, and what was read on other sockets
seen.py       what was acknowledged            device.py     whose a token was
mailing.py    mails that came back             worksheets.py  work: given, due, handed in, talked about
payments.py   money that came, failed or went back; invoices; subscriptions
"""
