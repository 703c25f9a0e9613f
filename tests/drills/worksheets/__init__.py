"""Worksheets that are written while things die, and while bytes come that are none."""
