"""The connector `paypal`: Orders v2 and Payments v2, over HTTP.

client.py     calls with an access token, and what their failures mean
reading.py    PayPal's orders as our payments: pure
provider.py   payments
"""
