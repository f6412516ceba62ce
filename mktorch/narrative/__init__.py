"""What the figures come to in words: verdict, next steps, decisions asked, reports in text."""
