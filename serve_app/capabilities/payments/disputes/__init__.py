"""Disputes: a payer's bank took money back, and staff answers.

operations.py   each operation at both doors
requests.py     what clients may ask
"""
