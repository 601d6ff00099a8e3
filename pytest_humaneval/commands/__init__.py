"""The subcommands of ``python -m pytest_humaneval``, but for those that live with what they do (service, strengthen,
evaluate on a cluster). Each returns an exit status; what is read and printed by several stands in recorded and console.
Nothing here is imported in a run of pytest.
"""
