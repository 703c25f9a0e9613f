"""The first hits in an order by what they mean: optional, and off unless it is asked for. Vectors are made, compared
and forgotten.

wordpiece.py  texts to the model's pieces     model.py    the model: pieces to likeness
ranking.py    one at a time, in a thread           packages.py  whether the model is installed
"""
