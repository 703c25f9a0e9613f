"""What is done with messages that are there already.

operations.py   marks, pins, threads, versions, privacy     requests.py   what clients send
chatters.py     what people keep to themselves
"""
