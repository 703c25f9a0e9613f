"""Rooms that the server cannot read: it stores and orders what devices have encrypted.

rules.py   what is said there, and what everybody has to accept first
"""
