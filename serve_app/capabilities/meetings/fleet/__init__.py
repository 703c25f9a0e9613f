"""The media workers as a whole: finding a place, starting, watching and ending them."""
