"""The series of bookings."""
