"""What both sides of the trust boundary may speak: values as bytes, and bytes as frames. Executes nothing."""
