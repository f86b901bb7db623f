"""What messages to staff say in other languages than English: data, one file for each."""
