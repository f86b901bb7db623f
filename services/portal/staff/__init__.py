"""What all pages of the staff share: who is at them, their fields, times, and where one begins."""
