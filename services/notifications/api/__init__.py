"""The HTTP interface, under /notifications."""
