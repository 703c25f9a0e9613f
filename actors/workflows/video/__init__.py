"""What follows from calls and meetings.

calls.py      who is rung, and the meeting of a call that was answered
meetings.py   bookings with video, and what took place
media.py      workers and recordings
"""
