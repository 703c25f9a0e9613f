"""What is kept, and for how long: messages go when they have had their time, and stay under a hold.

terms.py       how long, by relation and room        aging.py       the job that deletes what is due
holds.py       holds placed, released, read          connectors.py  what is owed where a hold ends
operations.py  what administrators can ask           requests.py    what they send, and get
telling.py     the job that tells members of it      examples.py    of each operation
capability.py  for the list of capabilities
"""
