"""What things cost, against their budgets. Run `python -m bench`; nothing here is a test."""
