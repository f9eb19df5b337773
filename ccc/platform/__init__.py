"""What depends on the operating system, each with a fall-back."""
