"""What in free text would tell a provider who a person is, before it may know (care 5, 6)."""
