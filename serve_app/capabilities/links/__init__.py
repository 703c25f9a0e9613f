"""Action links: something can be done from a mail, once, without signing in.

actions.py     what each action does, and how it looks before and after
service.py     looking, and doing
operations.py  both doors
pages.py       the page and its form
words.py       what they say
capability.py  for the list of capabilities
"""
