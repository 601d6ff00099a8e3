"""What outlives a run: an engine that keeps its model loaded, and the service that `service start` leaves behind.

Nothing here takes part in a run's result; a run only takes its turn with it.
"""
