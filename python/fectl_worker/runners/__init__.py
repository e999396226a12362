"""What `python3 -m fectl_worker` runs."""
