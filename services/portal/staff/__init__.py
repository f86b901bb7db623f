"""What all pages of the staff share: who is at them, their fields, and where one begins."""
