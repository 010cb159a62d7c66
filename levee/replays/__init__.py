"""What was, judged again: scenarios, recorded logs and tables, through the very function that judges live."""
