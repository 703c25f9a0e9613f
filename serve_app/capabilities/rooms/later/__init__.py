"""What is said later.

operations.py   at the doors     service.py   what doors ask
"""
