"""Writing together, at the doors: the sockets' events, the route of y-websocket, and drafts of clients without Yjs.

requests.py      what clients ask for, and get          operations.py     drafts, at both doors
writings.py      what is asked of the assignments       messages.py       one message of a socket, whichever door
listening.py     events that only a socket can send     yjs_route.py      sockets of y-websocket
sheets.py        documents that sockets of this gateway have open: who is where, what is stored
server_events.py what sockets hear              examples.py       of all of them
headcount.py     how many sockets all gateways have
metrics.py       what operators see
assembly.py      what the capability hands on
"""
