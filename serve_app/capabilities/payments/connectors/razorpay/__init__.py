"""The connector `razorpay`, over HTTP.

reading.py    Razorpay's orders and their payments as our payments: pure
provider.py   payments
"""
