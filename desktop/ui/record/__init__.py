"""The page of what left this machine, and what exactly was sent for one answer."""
